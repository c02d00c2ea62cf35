import type { GatewayConfig } from '../config/schema/index.ts';

/** What belongs to the process and not to a generation: changed in the config, it waits for the next start. */
const FIXED: readonly [key: string, of: (config: GatewayConfig) => unknown][] = [
  ['server.listen', (config) => config.server.listen],
  ['server.workers', (config) => config.server.workers],
  ['server.tls', (config) => config.server.tls !== undefined],
  ['server.tls.clientAuth', (config) => config.server.tls?.clientAuth],
  ['server.http2', (config) => config.server.http2],
  ['server.outbound', (config) => config.server.outbound],
  ['server.limits.streams', (config) => config.server.limits.streams],
  ['server.limits.header', (config) => config.server.limits.header],
  ['server.limits.cache', (config) => config.server.limits.cache],
  ['server.timeouts.headers', (config) => config.server.timeouts.headers],
  ['server.timeouts.request', (config) => config.server.timeouts.request],
  ['server.timeouts.send', (config) => config.server.timeouts.send],
  ['admin.listen', (config) => config.admin.listen],
  ['store', (config) => config.store],
  ['log', (config) => config.log],
  ['telemetry', (config) => config.telemetry],
  ['hypercare.enabled', (config) => config.hypercare.enabled],
];

/** The keys whose values differ from those that the process was started with. */
export const keysThatWait = (started: GatewayConfig, config: GatewayConfig): string[] =>
  FIXED.filter(([, of]) => JSON.stringify(of(started)) !== JSON.stringify(of(config))).map(([key]) => key);
