import { basename, dirname, extname, resolve } from 'node:path';
import type { GatewayConfig } from '../../config/schema/index.ts';
import { readText } from '../../config/source.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ScheduledProbe } from './schedule.ts';
import { ProbeProblem, type ProbeScript, readProbe } from './script.ts';

export interface ConfiguredProbes {
  /** In force now. */
  config(): GatewayConfig;
  /** Path of the config file: scripts stand beside it. */
  file: string;
  /** Of the gateway's own listener; '' until it listens. */
  url(): string;
  log: Logger;
}

const MOST_BYTES = 1024 ** 2;

/** The probes of the config in force. Scripts are read when a config is first met; one that is none is told, and never runs. */
export function configuredProbes({
  config,
  file,
  url,
  log,
}: ConfiguredProbes): () => readonly ScheduledProbe[] {
  let read: { of: GatewayConfig; probes: readonly ScheduledProbe[] } | undefined;
  return () => {
    const current = config();
    if (read?.of !== current) {
      const own = `${url()}${current.ai.prefix}`;
      const named = new Map<string, number>();
      const probes = current.context.probes.map(({ file: given, url: at, ...probe }, place) => {
        const path = pathOf(given, file);
        let script: ProbeScript | undefined;
        try {
          script = scriptIn(path);
        } catch (error) {
          log.error({ err: error, file: path }, 'a context probe has no script: it will not run');
        }
        const called = script?.name ?? basename(path, extname(path));
        const key = `${probe.model} ${called}`;
        const count = (named.get(key) ?? 0) + 1;
        named.set(key, count);
        const name = count === 1 ? called : `${called}#${count}`;
        return { ...probe, name, place, url: at ?? own, script };
      });
      read = { of: current, probes };
    }
    return read.probes;
  };
}

/** What is wrong with the scripts that a config names, one line each: with such a one a probe never runs. */
export function brokenScripts({ context }: GatewayConfig, file: string): string[] {
  return context.probes.flatMap(({ file: given }, place) => {
    try {
      scriptIn(pathOf(given, file));
      return [];
    } catch (error) {
      return [`${file}  context.probes[${place}].file: ${(error as Error).message}`];
    }
  });
}

const pathOf = (script: string, file: string): string => resolve(dirname(file), script);

/** @throws ProbeProblem */
function scriptIn(path: string): ProbeScript {
  return readProbe(textIn(path), path);
}

function textIn(path: string): string {
  try {
    return readText(path, MOST_BYTES);
  } catch (error) {
    throw new ProbeProblem(`${path} ${(error as Error).message}`, { cause: error });
  }
}
