// The only composition root: everything that lives as long as the process is made here, and handed to who needs it.
import { resolve } from 'node:path';
import { buildAdmin } from './admin/app.ts';
import { openTokenCounter } from './ai/tokens/counter.ts';
import { type LoadedConfig, loadConfig, type PolicySchemas } from './config/load.ts';
import { ConfigError, formatProblems } from './config/problems.ts';
import { Revisions } from './config/revisions.ts';
import { type ConfigWatch, watchConfig } from './config/watch.ts';
import { Meters } from './record/meters.ts';
import { Recorder } from './record/recorder.ts';
import { parseAddress } from './server/address.ts';
import { planGeneration } from './server/build-plan.ts';
import { Listener } from './server/listener.ts';
import { loadPolicies } from './server/policies.ts';
import { Reload } from './server/reload.ts';
import { openStore } from './stores/index.ts';
import { type LogSink, openLog } from './telemetry/logger.ts';
import { openMetrics } from './telemetry/metrics.ts';
import { Pools } from './upstream/pools.ts';

export interface GatewayOptions {
  /** Path of the configuration file. */
  file: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Where log lines go; standard output if absent. */
  log?: LogSink;
  /** Whether saving the file applies it. */
  watch?: boolean;
  /** Whether the process's own figures (memory, event loop) are among the metrics. */
  processMetrics?: boolean;
}

/** A gateway that serves. */
export interface Gateway {
  /** `http://host:port` of the public and of the admin listener. */
  readonly url: string;
  readonly adminUrl: string;
  readonly loaded: LoadedConfig;
  /** Reads the file and applies it. False: it was refused, the log says why, and what served goes on serving. */
  reload(): Promise<boolean>;
  /** Unready, accept nothing new, finish what runs, flush. Returns how many requests had to be cut off. */
  close(): Promise<number>;
}

/** The schemas of the policies that are built, for whoever loads a config. */
export async function policySchemas(): Promise<PolicySchemas> {
  const descriptors = await loadPolicies();
  return Object.fromEntries([...descriptors].map(([name, { schema, slot }]) => [name, { schema, slot }]));
}

/**
 * @throws ConfigError if the file is refused; an Error if a listener's address is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const file = resolve(options.file);
  const descriptors = await loadPolicies();
  const policies = await policySchemas();
  let loaded = loadConfig({ file, env: options.env, policies });
  const { config } = loaded;

  const log = options.log ?? openLog(config.log.level);
  const { logger } = log;
  const metrics = openMetrics({ process: options.processMetrics ?? true });
  const meters = new Meters(metrics);
  const recorder = new Recorder(meters, log);
  const store = await openStore(config.store.url, {
    onEvent: ({ kind, error }) => {
      if (kind === 'down')
        logger.error({ err: error, store: config.store.url.split(':', 1)[0] }, 'the store does not answer');
      else logger.info('the store answers again');
    },
  });
  const pools = new Pools();
  const tokens = openTokenCounter();
  const clock = { wall: Date.now, monotonic: () => performance.now() };

  let ready = false;
  const probe = (path: string): { status: number; body: string } | null => {
    if (path === '/livez') return { status: 200, body: 'ok\n' };
    if (path === '/readyz')
      return ready ? { status: 200, body: 'ok\n' } : { status: 503, body: 'not ready\n' };
    return null;
  };
  const { limits, timeouts } = config.server;
  const listener = new Listener({
    headersTimeoutMs: timeouts.headers,
    requestTimeoutMs: timeouts.request,
    maxHeaderBytes: limits.header,
    recorder,
    probe,
    clock,
  });
  const ai = { pools, tokens, log: logger, clock };
  const process = { pools, counters: store.counters, meters, log: logger, descriptors, ai };
  const reload = new Reload({
    listener,
    meters,
    log: logger,
    plan: (revised) => planGeneration(revised, process),
  });
  const revisions = new Revisions(store.documents);
  const saidInactive = new Set<string>();

  async function apply(revised: LoadedConfig): Promise<void> {
    await reload.apply(revised.config, async () => {
      const { number, isStored } = await revisions.record({
        text: revised.text,
        hash: revised.hash,
        author: 'file',
      });
      if (!isStored)
        logger.warn(
          { revision: number },
          'the store does not answer: this revision is not kept for rollback',
        );
      return number;
    });
    loaded = revised;
    for (const { key, line, what, effect } of revised.inactive) {
      if (saidInactive.has(key)) continue;
      saidInactive.add(key);
      logger.warn({ key, line, what, effect }, 'not active in this version');
    }
  }

  async function reloadFile(): Promise<boolean> {
    try {
      const revised = loadConfig({ file, env: options.env, policies });
      watcher?.follow(revised.files);
      if (revised.fingerprint !== loaded.fingerprint) await apply(revised);
      return true;
    } catch (error) {
      meters.reloads.inc({ outcome: 'refused' });
      if (error instanceof ConfigError) {
        watcher?.follow(error.files);
        logger.error(
          { problems: formatProblems(error).split('\n') },
          'the new config is refused; the last good one serves',
        );
      } else {
        logger.error({ err: error }, 'the new config could not be built; the last good one serves');
      }
      return false;
    }
  }

  const admin = buildAdmin({ metrics, probe });
  let closing: Promise<number> | undefined;
  let watcher: ConfigWatch | undefined;

  async function close(): Promise<number> {
    ready = false;
    await watcher?.close();
    const cut = await listener.drain(reload.config?.server.timeouts.drain ?? 0);
    await reload.close();
    await recorder.settled();
    await admin.close();
    await tokens.close();
    await pools.destroy();
    await store.close();
    logger.info({ cut }, 'stopped');
    log.flush();
    return cut;
  }

  try {
    await apply(loaded);
    const adminAddress = parseAddress(config.admin.listen);
    const adminUrl = await admin.listen(adminAddress);
    const bound = await listener.listen(parseAddress(config.server.listen));
    const url = `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
    ready = true;
    if (options.watch ?? true) {
      watcher = watchConfig(file, () => void reloadFile(), {
        files: loaded.files,
        onError: (error) => logger.error({ err: error }, 'the config file can no longer be watched'),
      });
      await watcher.ready;
    }
    logger.info({ url, admin: adminUrl, open_routes: loaded.openRoutes }, 'listening');
    return {
      url,
      adminUrl,
      get loaded() {
        return loaded;
      },
      reload: reloadFile,
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
