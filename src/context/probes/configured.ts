import { basename, dirname, extname, resolve } from 'node:path';
import type { GatewayConfig } from '../../config/schema/index.ts';
import { readText } from '../../config/source.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { outOfReach } from './out-of-reach.ts';
import type { ScheduledProbe } from './schedule.ts';
import { ProbeProblem, type ProbeScript, readProbe } from './script.ts';

export interface ConfiguredProbes {
  /** In force now. */
  config(): GatewayConfig;
  /** Path of the config file: scripts stand beside it. */
  file: string;
  /** Of the gateway's own listeners; '' until it listens. */
  own: { readonly url: string; readonly adminUrl: string };
  log: Logger;
}

type ProbeConfig = GatewayConfig['context']['probes'][number];

const MOST_BYTES = 1024 ** 2;

/**
 * The probes of the config in force. Scripts are read when a config is first met; one that is none, or has a step that can't be
 * done on a schedule, is told, and never runs.
 */
export function configuredProbes({
  config,
  file,
  own,
  log,
}: ConfiguredProbes): () => readonly ScheduledProbe[] {
  let read: { of: GatewayConfig; probes: readonly ScheduledProbe[] } | undefined;
  return () => {
    const current = config();
    if (read?.of !== current) {
      const routes = `${own.url}${current.ai.prefix}`;
      const named = new Map<string, number>();
      const probes = current.context.probes.map((configured, place) => {
        const { file: given, url: at, admin: _, ...probe } = configured;
        const path = pathOf(given, file);
        const token = tokenOf(configured, current);
        let script: ProbeScript | undefined;
        try {
          script = scriptIn(path, token !== undefined);
        } catch (error) {
          log.error({ err: error, file: path }, 'a context probe will not run');
        }
        const called = script?.name ?? basename(path, extname(path));
        const key = `${probe.model} ${called}`;
        const count = (named.get(key) ?? 0) + 1;
        named.set(key, count);
        const name = count === 1 ? called : `${called}#${count}`;
        const admin = token === undefined ? undefined : { url: own.adminUrl, token };
        return { ...probe, name, place, url: at ?? routes, admin, script };
      });
      read = { of: current, probes };
    }
    return read.probes;
  };
}

/** What is wrong with the scripts that a config names, one line each: with such a one a probe never runs. */
export function brokenScripts(config: GatewayConfig, file: string): string[] {
  return config.context.probes.flatMap((probe, place) => {
    try {
      scriptIn(pathOf(probe.file, file), tokenOf(probe, config) !== undefined);
      return [];
    } catch (error) {
      return [`${file}  context.probes[${place}].file: ${(error as Error).message}`];
    }
  });
}

const pathOf = (script: string, file: string): string => resolve(dirname(file), script);

/** What a probe shows to the admin API; '' where that asks for none, undefined where it has none to show. */
function tokenOf({ admin: own }: ProbeConfig, { admin }: GatewayConfig): string | undefined {
  if (own) return own.token;
  return admin.token === '' && admin.tokens.length === 0 ? '' : undefined;
}

/** @throws ProbeProblem */
function scriptIn(path: string, hasAdmin: boolean): ProbeScript {
  const script = readProbe(textIn(path), path);
  const why = outOfReach(script, hasAdmin);
  if (why !== undefined) throw new ProbeProblem(`${path}: ${why}`);
  return script;
}

function textIn(path: string): string {
  try {
    return readText(path, MOST_BYTES);
  } catch (error) {
    throw new ProbeProblem(`${path} ${(error as Error).message}`, { cause: error });
  }
}
