import type { GatewayConfig } from './schema/index.ts';

/** Names of the routes whose cache is in the store that replicas share. */
export const sharingRoutes = ({ routes }: GatewayConfig): string[] =>
  routes.filter(({ policies }) => policies.some(isShared)).map(({ name }) => name);

const isShared = (entry: Record<string, unknown>): boolean =>
  (entry['response-cache'] as { store?: string } | undefined)?.store === 'shared';
