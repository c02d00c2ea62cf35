import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from '../harness/ask.ts';
import { SUBJECT_CORE } from '../harness/pinning.ts';
import { freePort, type Started, startProcess } from '../harness/processes.ts';
import type { Case, Ground, Subject } from '../harness/suite.ts';
import { CHAT_1KB, KEY_SHA256, MODEL, POST_1KB } from './messages.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** As `npm start`, the command and the image start it: docs/performance.md says what each is for. */
export const FLAGS = ['--max-semi-space-size=16', '--heap-growing-percent=50'];
export const ENV = { MALLOC_ARENA_MAX: '2' };
/** And the scripts of npm, which run the sources. */
const ENV_OF_SOURCES = { ...ENV, NODE_COMPILE_CACHE: 'node_modules/.cache/node' };

export const envOf = ({ main }: Pick<GatewayPlan, 'main'>): Record<string, string> =>
  main === undefined ? ENV_OF_SOURCES : ENV;

/** One policy as it stands in a configuration. */
export type PolicyEntry = Readonly<Record<string, object>>;

export const API_KEY: PolicyEntry = { 'auth-api-key': {} };
/** A limit that is counted and never reached. */
export const RATE_LIMIT: PolicyEntry = {
  'rate-limit': { limit: 1_000_000_000, window: '1h', per: 'consumer' },
};
export const HEADERS: PolicyEntry = {
  headers: {
    request: { set: { 'x-shop': 'web' }, remove: ['x-debug'] },
    response: { set: { 'cache-control': 'no-store' } },
  },
};

/** Where one start has its ports and its files. */
export interface Ports {
  own: number;
  admin: number;
  upstream: number;
  /** For its files. */
  folder: string;
}

export interface GatewayPlan {
  name: string;
  what: string;
  log: 'info' | 'silent';
  /** Routes, upstreams and what else is configured beside listeners, store, log and consumers. */
  config(ports: Ports): object;
  /** Or several: '0,1'. */
  core?: number | string;
  /** The file that is run; the sources if absent. */
  main?: string;
  /** From where on it sheds; `SHED` if absent. */
  shed?: typeof SHED;
}

/** A saturated process sheds what it can't take in time; a bench wants to see what it takes. */
export const SHED = { maxEventLoopDelay: '10s', maxInFlight: 20_000 };

/** Of a gateway that has work and is not saturated: what the schema has as defaults. */
export const SHEDS_BY_DEFAULT = { shed: { maxEventLoopDelay: '200ms', maxInFlight: 4_000 } };

type Shedding = Pick<GatewayPlan, 'shed'>;

/** JSON, which is YAML. */
export const configText = (plan: Pick<GatewayPlan, 'log' | 'config' | 'shed'>, ports: Ports): string =>
  JSON.stringify({
    version: 1,
    admin: { listen: `127.0.0.1:${ports.admin}` },
    store: { url: 'memory:' },
    log: { level: plan.log },
    consumers: [{ name: 'storefront', groups: ['web'], keys: [{ id: 'k1', sha256: KEY_SHA256 }] }],
    server: { listen: `127.0.0.1:${ports.own}`, shed: plan.shed ?? SHED },
    ...plan.config(ports),
  });

/** What a plan's process is started with, in words. */
export const startedWith = (plan: Pick<GatewayPlan, 'main'>): string =>
  [`node ${FLAGS.join(' ')}`, ...Object.entries(envOf(plan)).map(([name, value]) => `${name}=${value}`)].join(
    ', ',
  );

/** What of a configuration file stands beside routes and policies. */
interface Settings {
  store: { url: string };
  server: { shed?: Partial<typeof SHED> };
  hypercare?: { enabled: boolean };
}

/** The same in words, read off what the gateway is started with. */
export function settingsOf(plan: Pick<GatewayPlan, 'log' | 'config' | 'main'>): string {
  const nowhere = { own: 0, admin: 0, upstream: 0, folder: '' };
  const { store, server, hypercare } = JSON.parse(configText(plan, nowhere)) as Settings;
  const shed = Object.entries(server.shed ?? {}).map(([limit, value]) => `${limit} ${value}`);
  return [
    `store ${store.url.replace(/:.*/, ':')}`,
    `shed ${shed.length === 0 ? 'as by default' : `only from ${shed.join(' or ')} on`}`,
    `hypercare engine and its signals ${hypercare?.enabled === false ? 'off' : 'on'}`,
    startedWith(plan),
  ].join(', ');
}

/** Node names each profile by date, process and thread: a name of ours would be the same for all rounds and threads, and the last would stay. */
export const profilingOf = (name: string, folder: string): string[] => [
  '--cpu-prof',
  `--cpu-prof-dir=${join(folder, name.replace(/\W+/g, '-'))}`,
];

/** A gateway that was started, with what only some suites need of it. */
export interface StartedGateway extends Started {
  /** Its configuration file. */
  file: string;
  ports: Ports;
}

/** Starts the gateway, as `npm start` does unless another file is named. */
export async function startGateway(plan: GatewayPlan, ground: Ground): Promise<StartedGateway> {
  const { folder, upstreamPort, profileTo } = ground;
  const ports = { own: await freePort(), admin: await freePort(), upstream: upstreamPort, folder };
  // In a folder of its own: the folder is watched, and the access log beside it would wake the watch with every write.
  const file = join(folder, 'config', 'gateway.yaml');
  mkdirSync(join(folder, 'config'));
  writeFileSync(file, configText(plan, ports));
  const profiling = profileTo ? profilingOf(plan.name, profileTo) : [];
  const started = startProcess({
    name: plan.name,
    core: plan.core ?? SUBJECT_CORE,
    command: [process.execPath, ...FLAGS, ...profiling, plan.main ?? MAIN, 'start', '-c', file],
    env: envOf(plan),
    port: ports.own,
    stdout: join(folder, 'access.log'),
  });
  return {
    ...started,
    file,
    ports,
    async stop() {
      await started.stop();
      if (plan.log === 'info' && statSync(join(folder, 'access.log')).size === 0)
        throw new Error(`${plan.name} logged nothing`);
    },
  };
}

export const gateway = (plan: GatewayPlan): Subject => ({
  name: plan.name,
  what: `${plan.what}; ${settingsOf(plan)}`,
  missing: () => null,
  start: (ground) => startGateway(plan, ground),
});

/** Proves that a key is asked for. */
export const wantsKey = (name: string, asked: Case) => async (origin: string) => {
  const { 'x-api-key': _key, authorization: _authorization, ...withoutKey } = asked.headers;
  const { status } = await ask(origin, { ...asked, headers: withoutKey });
  if (status !== 401) throw new Error(`${name}: answered ${status} to a request without a key`);
};

/** One route with these policies before one target. */
export const apiConfig =
  (policies: readonly PolicyEntry[], more: object = {}) =>
  ({ upstream }: { upstream: number }): object => ({
    upstreams: { items: { targets: [{ url: `http://127.0.0.1:${upstream}` }] } },
    routes: [{ name: 'items', match: { path: '/api/*' }, upstream: 'items', policies }],
    ...more,
  });

/** The proxy alone. Its metrics can't be switched off. */
export const plainGateway = (more: Shedding = {}): Subject =>
  gateway({
    name: 'gateway, no policy',
    what: 'no policy, log silent, metrics',
    log: 'silent',
    config: apiConfig([]),
    ...more,
  });

/** The proxy with its log, and nothing else. */
export const loggingGateway = (): Subject =>
  gateway({ name: 'gateway, access log', what: 'access log, metrics', log: 'info', config: apiConfig([]) });

/** The proxy with so many routes beside the one that is asked for. */
export const gatewayAmong = (count: number): Subject =>
  gateway({
    name: `gateway, among ${count.toLocaleString('en')} routes`,
    what: 'no policy, log silent, metrics; the other routes are never asked for',
    log: 'silent',
    config: (ports) => ({
      ...apiConfig([])(ports),
      routes: [
        ...Array.from({ length: count }, (_, i) => ({
          name: `other-${i}`,
          match: { path: `/api/service-${i}/*` },
          upstream: 'items',
        })),
        { name: 'items', match: { path: '/api/*' }, upstream: 'items' },
      ],
    }),
  });

/** With all its policies, before a route of streams. */
export const streamingGateway = (protocol: 'http1' | 'http2'): Subject =>
  gateway({
    ...FULL,
    config: ({ upstream }) => ({
      upstreams: { items: { targets: [{ url: `http://127.0.0.1:${upstream}` }], protocol } },
      routes: [
        {
          name: 'items',
          match: { path: '/api/*' },
          upstream: 'items',
          policies: [API_KEY, RATE_LIMIT, HEADERS],
        },
      ],
    }),
  });

export const FULL: GatewayPlan = {
  name: 'gateway, full',
  what: 'auth-api-key, rate-limit, headers, access log to a file, metrics',
  log: 'info',
  config: apiConfig([API_KEY, RATE_LIMIT, HEADERS]),
};

/** What a production user turns on. */
export const fullGateway = (more: Shedding = {}): Subject => ({
  ...gateway({ ...FULL, ...more }),
  prove: wantsKey(FULL.name, POST_1KB),
});

const aiConfig =
  (policies: readonly PolicyEntry[]) =>
  ({ upstream }: { upstream: number }): object => ({
    ai: {
      policies,
      providers: {
        model: { kind: 'openai', baseUrl: `http://127.0.0.1:${upstream}/v1`, apiKey: 'sk-upstream' },
      },
      models: { [MODEL]: { targets: [{ provider: 'model', model: MODEL }] } },
    },
  });

export const FULL_AI: GatewayPlan = {
  name: 'gateway, full',
  what: 'auth-api-key, rate-limit, access log to a file, metrics, ledger of usage and cost',
  log: 'info',
  config: aiConfig([API_KEY, RATE_LIMIT]),
};

/** The gateway of models with what a production user turns on. */
export const fullAiGateway = (more: Shedding = {}): Subject => ({
  ...gateway({ ...FULL_AI, ...more }),
  prove: wantsKey(FULL_AI.name, CHAT_1KB),
});

/** Calls to models without a policy and without a log; the ledger and the metrics can't be switched off. */
export const plainAiGateway = (more: Shedding = {}): Subject =>
  gateway({
    name: 'gateway, no policy',
    what: 'no policy, log silent; metrics, ledger of usage and cost',
    log: 'silent',
    config: aiConfig([]),
    ...more,
  });
