import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { onTestFinished } from 'vitest';
import { aiGateway } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { unreliableLine } from '../helpers/unreliable-line.ts';
import { anything, trouble } from './context-commands.ts';
import { checkPrompts, checkSession } from './context-invariants.ts';
import {
  type Api,
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
/** A run takes some 0.3 s; where something happens to the store, seconds. */
const RUNS = 24;
const RUNS_DURING = 2;
const CUT_EVERY_MS = 150;

/** A store that conversations are kept in while something happens to it. */
export interface Kept {
  /** Of the config. */
  readonly store: object;
  /** To it. */
  readonly line?: Line;
  /** What happens to it once in each run, while clients speak. */
  readonly during?: () => Promise<void>;
  /** What the conversations of a run are called, if it matters: each run’s otherwise, without `-` and `:`. */
  readonly nameOf?: (run: number) => Promise<string>;
}

/** Whatever clients do, the invariants hold of what they said. */
export async function holds({ store, line, during, nameOf = async (run) => `r${run}` }: Kept): Promise<void> {
  const provider = await knowingProvider();
  const sha256 = createHash('sha256')
    .update(TENANTS.shop as string)
    .digest('hex');
  // Of a kind that speaks chat completions alone.
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    store: { timeout: '2s', ...store },
    context: { enabled: true, lease: '2s', compaction: { window: 900, verbatimTurns: 2 } },
    consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256 }] }],
  });
  const clientLine = await unreliableLine(Number(new URL(gateway.url).port));
  onTestFinished(() => clientLine.close());
  const world = { gateway, provider, clientLine, storeLine: line };
  let runs = 0;
  const some = fc.commands([...anything, trouble, trouble], {
    maxCommands: during ? 8 : 20,
    // Without it there are ten at most.
    size: 'max',
  });
  const property = fc.asyncProperty(some, during ? some : fc.constant([]), async (before, after) => {
    const model: Model = new Map();
    const real: Run = { ...world, name: await nameOf(runs++), marks: 0 };
    await fc.asyncModelRun(() => ({ model, real }), before);
    if (during) await speakDuring(model, real, during);
    await fc.asyncModelRun(() => ({ model, real }), after);
    await check(model, real);
  });
  const numRuns = TIMES * (during ? RUNS_DURING : RUNS);
  await fc.assert(property, { numRuns, endOnFailure: TIMES === 1 });
}

async function check(model: Model, run: Run): Promise<void> {
  await settled(run);
  const prompts = run.provider.prompts.filter((prompt) => JSON.stringify(prompt).includes(`[[${run.name}:`));
  checkPrompts(prompts);
  for (const [at, known] of model) checkSession(await shownOf(run, at), known, run.provider.promptOf);
}

/** Clients in every conversation speak until it has happened, and once more; half of them over a line that is no good. */
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
  const speakOn = async (at: string, how: { api: Api; stream: boolean; via?: Line & { port: number } }) => {
    for (let last = false; !last; ) {
      last = isOver;
      await speak(model, run, at, how);
      await sleep(20);
    }
  };
  const speakers = PLACES.flatMap((at) => [
    speakOn(at, { api: 'chat', stream: false }),
    speakOn(at, { api: 'chat', stream: true, via: clientLine }),
    speakOn(at, { api: 'messages', stream: true }),
    speakOn(at, { api: 'responses', stream: false, via: clientLine }),
  ]);
  await Promise.all([over, disturb(), ...speakers]);
  await settled(run);
}
