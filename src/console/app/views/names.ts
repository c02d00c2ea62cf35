/** The views in the order of the navigation: the first part of their address, and the key that follows `g`. */
export const VIEWS = [
  { id: 'now', title: 'Now', key: 'n' },
  { id: 'findings', title: 'Findings', key: 'f' },
  { id: 'requests', title: 'Requests', key: 'r' },
  { id: 'sessions', title: 'Sessions', key: 's' },
  { id: 'upstreams', title: 'Upstreams', key: 'u' },
  { id: 'config', title: 'Config', key: 'c' },
  { id: 'money', title: 'Money', key: 'm' },
  { id: 'feedback', title: 'Feedback', key: 'b' },
  { id: 'exit', title: 'Way out', key: 'x' },
] as const;

export type ViewId = (typeof VIEWS)[number]['id'];
