import { isIP } from 'node:net';
import { isNetwork } from '../../lib/address-rules.ts';
import { isLoopback } from '../../lib/loopback.ts';
import type { Part } from '../part.ts';
import { type Check, type CheckContext, mustEnd, mustLast } from './context.ts';

interface Listener {
  host: string;
  port: number;
}

/** Where the gateway listens, whom it believes, and where its state lives. */
export const checkListeners: Check = (config, context) => {
  const server = listener(config.get('server', 'listen'), context);
  const admin = listener(config.get('admin', 'listen'), context);
  if (server && admin && collide(server, admin)) {
    context.report(
      config.get('admin', 'listen'),
      'is the address of server.listen too: the admin API needs its own',
    );
  }
  const token = config.get('admin', 'token').text;
  const named = config.get('admin', 'tokens').items;
  if (admin && !isLoopback(admin.host) && token?.trim() === '' && named.length === 0) {
    const at = config.get('admin', 'token');
    context.report(
      at,
      'must not be empty while admin.listen is not a loopback address: anybody could use the admin API',
    );
  }
  const timeouts = config.get('server', 'timeouts');
  for (const key of ['send', 'worker']) mustLast(timeouts.get(key), 1000, context);
  for (const [, time] of timeouts.entries) mustEnd(time, context);
  const exported = config.get('telemetry', 'otlp', 'interval');
  mustLast(exported, 50, context);
  mustEnd(exported, context);
  for (const entry of config.get('server', 'trustProxy').items) mustBeNetwork(entry, context);
  for (const list of ['allow', 'deny'])
    for (const entry of config.get('server', 'outbound', list).items) mustBeNetwork(entry, context);
  checkStore(config.get('store', 'url'), context);
  checkReplicas(config.get('store'), context);
};

function listener(part: Part, { report }: CheckContext): Listener | undefined {
  const mark = part.text?.lastIndexOf(':') ?? -1;
  if (part.text === undefined || mark < 1) return undefined;
  const host = part.text.slice(0, mark).replace('[', '').replace(']', '').toLowerCase();
  const port = Number(part.text.slice(mark + 1));
  if (!Number.isInteger(port)) return undefined;
  if (port > 65_535) report(part, 'the port must be from 0 to 65535');
  else if (isFalseAddress(host)) report(part, 'the host is no valid IP address');
  else return { host, port };
  return undefined;
}

/** Digits and dots, or colons, that make no address. */
const isFalseAddress = (host: string): boolean =>
  (/^[\d.]+$/.test(host) || host.includes(':')) && isIP(host) === 0;

const ANY = new Set(['0.0.0.0', '::']);
const collide = (a: Listener, b: Listener): boolean =>
  a.port === b.port && a.port !== 0 && (a.host === b.host || ANY.has(a.host) || ANY.has(b.host));

function mustBeNetwork(entry: Part, { report, quoted }: CheckContext): void {
  if (entry.text !== undefined && !isNetwork(entry.text))
    report(entry, `must be an IP address or a CIDR like 10.0.0.0/8, is ${quoted(entry)}`);
}

/** The message repeats nothing of the URL: it may hold a password. */
function checkStore(part: Part, { report }: CheckContext): void {
  const [scheme, rest] = part.text?.split('://') ?? [];
  if (rest === undefined || !['redis', 'rediss', 'redis-cluster', 'redis-sentinel'].includes(scheme ?? ''))
    return;
  // A cluster may be named by several of its nodes, and a master by several Sentinels, which is no URL any more.
  const nodes = rest
    .slice(rest.lastIndexOf('@') + 1)
    .split('/', 1)[0]!
    .split(',');
  const isValid = nodes.every((node) => node !== '' && URL.canParse(`redis://${node}`));
  if (!isValid || (!scheme?.includes('-') && nodes.length > 1)) report(part, 'is no valid URL of a store');
}

const SINGLE_MASTER = /^(rediss?|redis-sentinel):/;

/** Whoever waits for replicas has to know whose. */
function checkReplicas(store: Part, { report }: CheckContext): void {
  const replicas = store.get('replicas');
  if ((replicas.number ?? 0) > 0 && !SINGLE_MASTER.test(store.get('url').text ?? ''))
    report(replicas, 'is for redis://, rediss:// and redis-sentinel:// only');
}
