// The other side of config-desk: a process that reads configurations beside the one that serves.
import { type Draft, deskHere } from '../config/desk.ts';
import type { DiffLine } from '../config/diff.ts';
import type { LoadedConfig } from '../config/load.ts';
import { ConfigError, type ConfigProblem } from '../config/problems.ts';
import type { GatewayConfig } from '../config/schema/index.ts';
import { Channel } from '../lib/channel.ts';
import { type Packed, pack } from '../lib/packed.ts';
import { loadPolicies, schemasOf } from './policies.ts';

/** An error's class does not survive the way between processes. */
export type Read =
  | { loaded: Omit<LoadedConfig, 'config'>; config: Packed<GatewayConfig> }
  | { problems: readonly ConfigProblem[]; files: readonly string[] };

/** What it can be asked. */
export interface ReadingSide {
  load(draft: Draft): Promise<Read>;
  diff(texts: readonly [before: string, after: string]): Promise<DiffLine[]>;
  masked(text: string): Promise<string>;
}

const desk = loadPolicies().then((policies) => deskHere(schemasOf(policies)));

const ours: ReadingSide = {
  async load(draft) {
    try {
      const { config, ...loaded } = await (await desk).load(draft);
      return { loaded, config: pack(config) };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { problems: error.problems, files: error.files };
    }
  },
  diff: async ([before, after]) => (await desk).diff(before, after),
  masked: async (text) => (await desk).masked(text),
};

new Channel<object, ReadingSide>(
  {
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage: (take) => void process.on('message', take),
  },
  ours,
);

process.on('disconnect', () => process.exit(0));
// A terminal and systemd send them to all processes of the gateway; the one that serves says what follows from them.
process.on('SIGTERM', () => undefined);
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
