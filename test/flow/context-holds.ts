import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import { aiGateway } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { unreliableLine } from '../helpers/unreliable-line.ts';
import { anything, trouble } from './context-commands.ts';
import { erasures } from './context-erase-commands.ts';
import { checkPrompts, checkSession } from './context-invariants.ts';
import { sayWhole } from './context-log-clients.ts';
import { wholeLogs } from './context-log-commands.ts';
import { strangers } from './context-stranger-commands.ts';
import {
  BRIEF_MS,
  type Line,
  type Model,
  PLACES,
  type Run,
  settled,
  shownOf,
  speak,
  TENANTS,
} from './context-world.ts';

/** More where there is time: `CONTEXT_MODEL_RUNS=10` is ten times as many. */
const TIMES = Number(process.env.CONTEXT_MODEL_RUNS ?? 1);
/** Of commands, in a run, and as many once something has happened to the store. */
const MOST = 24;
const CUT_EVERY_MS = 150;

/** A store that conversations are kept in while something happens to it. */
export interface Kept {
  /** Of the config. */
  readonly store: object;
  /** A run takes some 0.3 s; where something happens to the store, a second, and with a failover ten. */
  readonly runs: number;
  /** To it. */
  readonly line?: Line;
  /** What happens to it once in each run, while clients speak. */
  readonly during?: () => Promise<void>;
  /** What the conversations of a run are called, if it matters: each run’s otherwise, without `-` and `:`. */
  readonly nameOf?: (run: number) => Promise<string>;
}

/** Whatever clients do, the invariants hold of what they said. */
export async function holds(kept: Kept): Promise<void> {
  const { store, line, during, nameOf = async (run: number) => `r${run}` } = kept;
  const provider = await knowingProvider();
  const sha256 = createHash('sha256')
    .update(TENANTS.shop as string)
    .digest('hex');
  const gatewayWith = (context: object) =>
    // Of a kind that speaks chat completions alone.
    aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
      store: { timeout: '2s', ...store },
      context: { enabled: true, lease: '2s', compaction: { window: 400, verbatimTurns: 2 }, ...context },
      consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256 }] }],
    });
  const gateway = await gatewayWith({});
  const brief = await gatewayWith({ ttl: `${BRIEF_MS}ms` });
  const clientLine = await unreliableLine(Number(new URL(gateway.url).port));
  onTestFinished(() => clientLine.close());
  const world = {
    ...{ gateway, provider, clientLine, storeLine: line },
    brief: { port: Number(new URL(brief.url).port) },
  };
  let runs = 0;
  const some = fc.commands(
    [...anything, ...wholeLogs, ...erasures, ...strangers, trouble, trouble, trouble],
    {
      maxCommands: MOST,
      // Without it there are ten at most.
      size: 'max',
    },
  );
  const property = fc.asyncProperty(some, during ? some : fc.constant([]), async (before, after) => {
    const model: Model = new Map();
    const real: Run = { ...world, name: await nameOf(runs++), marks: 0 };
    await fc.asyncModelRun(() => ({ model, real }), before);
    if (during) await speakDuring(model, real, during);
    await fc.asyncModelRun(() => ({ model, real }), after);
    await check(model, real);
  });
  const numRuns = TIMES * kept.runs;
  await fc.assert(property, { numRuns, endOnFailure: TIMES === 1 });
}

async function check(model: Model, run: Run): Promise<void> {
  await settled(run);
  const prompts = run.provider.prompts.filter((prompt) => JSON.stringify(prompt).includes(`[[${run.name}:`));
  checkPrompts(prompts);
  expect(run.provider.unusual).toEqual([]);
  for (const [at, known] of model) checkSession(await shownOf(run, at), known, run.provider.promptOf);
}

/** Clients in every conversation, two of them with all of it, speak until it has happened, and once more; half over a line that is no good. */
async function speakDuring(model: Model, run: Run, happens: () => Promise<void>): Promise<void> {
  const { clientLine } = run;
  let isOver = false;
  const over = happens().finally(() => {
    isOver = true;
  });
  const disturb = async (): Promise<void> => {
    for (let at = 0; !isOver; at++) {
      const [delayMs, repeats, losesAnswers] = [2 * (at % 3), at % 2 === 1, at % 4 === 3];
      Object.assign(clientLine, { delayMs, repeats, losesAnswers });
      await sleep(CUT_EVERY_MS);
      clientLine.cut();
    }
    Object.assign(clientLine, { delayMs: 0, repeats: false, losesAnswers: false });
  };
  const on = async (speaks: () => Promise<unknown>) => {
    for (let last = false; !last; ) {
      last = isOver;
      await speaks();
      await sleep(20);
    }
  };
  const speakers = PLACES.flatMap((at) => [
    on(() => speak(model, run, at, { api: 'chat' })),
    on(() => speak(model, run, at, { api: 'chat', stream: true, via: clientLine })),
    on(() => speak(model, run, at, { api: 'messages', stream: true })),
    on(() => speak(model, run, at, { api: 'responses', via: clientLine })),
    on(() => sayWhole(model, run, at, 0)),
    on(() => sayWhole(model, run, at, 1, { stream: true, via: clientLine })),
  ]);
  await Promise.all([over, disturb(), ...speakers]);
  await settled(run);
}
