import type { Inbound } from './inbound.ts';

/** The methods of both revisions: everything else is `_other` in log and metrics, as a client could make up any number. */
const METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
]);

/** A method as log and metrics name it. */
export function methodForRecord({ kind, method }: Inbound): string {
  if (kind === 'response') return '_response';
  return METHODS.has(method) ? method : '_other';
}
