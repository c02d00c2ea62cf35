import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ScheduledProbe } from './schedule.ts';
import { readProbe } from './script.ts';

export interface ConfiguredProbes {
  /** In force now. */
  config(): GatewayConfig;
  /** Path of the config file: scripts stand beside it. */
  file: string;
  /** Of the gateway's own listener; '' until it listens. */
  url(): string;
  log: Logger;
}

/** The probes of the config in force. Scripts are read when a config is first met; one that is none is told, and left out. */
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
      const probes = current.context.probes.flatMap(({ file: script, url: given, ...probe }, place) => {
        const path = resolve(dirname(file), script);
        try {
          const made = readProbe(readFileSync(path, 'utf8'), path);
          const key = `${probe.model} ${made.name}`;
          const count = (named.get(key) ?? 0) + 1;
          named.set(key, count);
          const name = count === 1 ? made.name : `${made.name}#${count}`;
          return [{ ...probe, name, place, url: given ?? own, script: made }];
        } catch (error) {
          log.error({ err: error, file: path }, 'a context probe is left out');
          return [];
        }
      });
      read = { of: current, probes };
    }
    return read.probes;
  };
}
