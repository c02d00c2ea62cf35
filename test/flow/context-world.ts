import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, type ChatAnswer, CLIENT_KEY, chat } from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { type KnowingProvider, knowingProvider } from '../helpers/knowing-provider.ts';
import { type UnreliableLine, unreliableLine } from '../helpers/unreliable-line.ts';
import { checkPrompts, checkSession, type ShownSession } from './context-invariants.ts';

/** More where there is time: `CONTEXT_MODEL_RUNS=50`. */
const RUNS = Number(process.env.CONTEXT_MODEL_RUNS ?? 1) * 3;
const TENANTS: Record<string, string> = { app: CLIENT_KEY, shop: 'key-of-the-shop' };

/** What a client was told of something that it said. */
interface Acknowledged {
  readonly version: number;
  readonly answer: string;
  readonly request: object;
  readonly key: string;
}

/** One conversation as its clients know it. */
interface Known {
  readonly acknowledged: Map<string, Acknowledged>;
  /** Said and answered, and not told where it stands: it will be there, once. */
  readonly answered: Set<string>;
  /** Said, and nobody knows what came of it. */
  readonly open: Set<string>;
  readonly erased: Set<string>;
}

interface World {
  readonly gateway: TestGateway;
  readonly provider: KnowingProvider;
  readonly clientLine: UnreliableLine;
  readonly storeLine: UnreliableLine | undefined;
}

/** One run: its conversations are nobody else's. */
interface Run extends World {
  readonly name: string;
  marks: number;
}

type Model = Map<string, Known>;
type Command = fc.AsyncCommand<Model, Run>;

const knownOf = (model: Model, place: string): Known => {
  const known = model.get(place) ?? {
    acknowledged: new Map(),
    answered: new Set(),
    open: new Set(),
    erased: new Set(),
  };
  model.set(place, known);
  return known;
};
const splitPlace = (run: Run, place: string) => {
  const [tenant = '', session = ''] = place.split('/');
  return { tenant, session: `${run.name}-${session}` };
};
/** Stands in what is said: whose it is, and that it is nothing else. */
const nextMark = (run: Run, place: string): string => `[[${run.name}:${place}:${run.marks++}]]`;
/** A stream says it behind its end. */
const versionOf = ({ headers, trailers }: ChatAnswer) =>
  headers.trailer === undefined ? headers['x-context-version'] : trailers?.['x-context-version'];
const textOf = ({ body }: ChatAnswer): string => body.toString();

/** Says it until somebody answers, as a client does that knows its own request again. */
async function say(
  run: Run,
  place: string,
  request: object,
  key: string,
  via: { port: number } | undefined,
): Promise<ChatAnswer | undefined> {
  const { tenant, session } = splitPlace(run, place);
  const url = via ? `http://127.0.0.1:${via.port}` : run.gateway.url;
  const headers = {
    authorization: `Bearer ${TENANTS[tenant]}`,
    'x-session-id': session,
    'idempotency-key': key,
  };
  for (let attempt = 0; attempt < 40; attempt++) {
    const answer = await chat({ url }, request, headers).catch(() => undefined);
    if (answer?.status === 200) return answer;
    await sleep(15 * (1 + attempt));
  }
  return undefined;
}

async function turn(
  model: Model,
  run: Run,
  place: string,
  request: (mark: string) => object,
  via: { port: number } | undefined,
): Promise<void> {
  const known = knownOf(model, place);
  const mark = nextMark(run, place);
  const body = request(mark);
  known.open.add(mark);
  const answer = await say(run, place, body, mark, via);
  if (!answer || answer.headers['x-context-status'] === 'degraded') return;
  known.open.delete(mark);
  const version = Number(versionOf(answer) ?? -1);
  if (version < 0) known.answered.add(mark);
  else known.acknowledged.set(mark, { version, answer: textOf(answer), request: body, key: mark });
}

/** Until the gateway has nothing under way and nothing waits for the store. */
async function settled({ gateway }: Run): Promise<void> {
  await eventually(async () => {
    const { body } = await admin(gateway, '/api/status');
    return body.requestsInFlight === 0;
  }, 30_000);
}

const asked = (mark: string, more: object = {}) => ({
  model: 'smart',
  max_tokens: 100,
  messages: [{ role: 'user', content: `My thing is ${mark}. ${'words of no weight '.repeat(6)}` }],
  ...more,
});

const PLACES = ['app/one', 'app/two', 'shop/one'];
const place = fc.constantFrom(...PLACES);
const command = (
  name: string,
  run: (model: Model, real: Run) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({ check, run, toString: () => name });

const turns = fc
  .record({ at: place, clients: fc.integer({ min: 1, max: 4 }), stream: fc.boolean() })
  .map(({ at, clients, stream }) =>
    command(`${clients} clients say something in ${at}${stream ? ', streamed' : ''}`, async (model, run) => {
      const one = () => turn(model, run, at, (mark) => asked(mark, { stream }), undefined);
      await Promise.all(Array.from({ length: clients }, one));
    }),
  );

const tools = place.map((at) =>
  command(`a tool is called in ${at}`, async (model, run) => {
    await turn(
      model,
      run,
      at,
      (mark) => asked(mark, { messages: [{ role: 'user', content: `weather ${mark}` }] }),
      undefined,
    );
    const result = (mark: string) =>
      asked(mark, { messages: [{ role: 'tool', tool_call_id: 'call_1', content: `sunny ${mark}` }] });
    await turn(model, run, at, result, undefined);
  }),
);

const again = fc.record({ at: place, which: fc.nat(20) }).map(({ at, which }) =>
  command(
    `an old request is sent again in ${at}`,
    async (model, run) => {
      const all = [...knownOf(model, at).acknowledged.values()];
      const old = all[which % all.length] as Acknowledged;
      const prompts = run.provider.prompts.length;
      const answer = await say(run, at, { ...old.request, stream: false }, old.key, undefined);
      expect(answer?.headers['x-context-status']).toBe('replay');
      expect(answer?.headers['x-context-version']).toBe(String(old.version));
      expect(run.provider.prompts).toHaveLength(prompts);
    },
    (model) => (model.get(at)?.acknowledged.size ?? 0) > 0,
  ),
);

const edit = place.map((at) =>
  command(`the first question is put otherwise in ${at}`, async (model, run) => {
    const history = [
      { role: 'user', content: 'never said' },
      { role: 'assistant', content: 'never answered' },
    ];
    const otherwise = (mark: string) =>
      asked(mark, { messages: [...history, { role: 'user', content: `otherwise ${mark}` }] });
    await turn(model, run, at, otherwise, undefined);
  }),
);

const erase = place.map((at) =>
  command(`${at} is erased`, async (model, run) => {
    await settled(run);
    const { tenant, session } = splitPlace(run, at);
    const path = `/api/sessions/${session}?consumer=${tenant}`;
    await eventually(async () => (await admin(run.gateway, path, { method: 'DELETE' })).status === 200);
    const known = knownOf(model, at);
    for (const mark of [...known.acknowledged.keys(), ...known.answered, ...known.open])
      known.erased.add(mark);
    for (const some of [known.acknowledged, known.answered, known.open]) some.clear();
    const from = run.provider.prompts.length;
    // From here on it is in no prompt.
    await turn(model, run, at, (mark) => asked(mark), undefined);
    const after = JSON.stringify(run.provider.prompts.slice(from));
    expect([...known.erased].filter((mark) => after.includes(mark))).toEqual([]);
  }),
);

const trouble = fc
  .record({
    at: place,
    clients: fc.integer({ min: 1, max: 3 }),
    where: fc.constantFrom('client' as const, 'store' as const),
    what: fc.constantFrom('cut', 'slow', 'loses answers', 'says it twice'),
    afterMs: fc.integer({ min: 0, max: 12 }),
  })
  .map(({ at, clients, where, what, afterMs }) =>
    command(
      `${clients} clients in ${at}; the line to the ${where}: ${what}, ${afterMs}`,
      async (model, run) => {
        const line = (where === 'store' && run.storeLine) || run.clientLine;
        if (what === 'slow') line.delayMs = 4;
        if (what === 'says it twice') {
          // Connections that begin now.
          line.repeats = true;
          line.cut();
        }
        const all = Array.from({ length: clients }, () =>
          turn(model, run, at, (mark) => asked(mark), run.clientLine),
        );
        await sleep(afterMs);
        line.losesAnswers = what === 'loses answers';
        if (what === 'cut' || what === 'loses answers') {
          await sleep(3);
          line.cut();
        }
        Object.assign(line, { losesAnswers: false });
        await Promise.all(all);
        Object.assign(line, { delayMs: 0, repeats: false });
        // Another turn waits for what the store has not taken yet: then all of it is there.
        await turn(model, run, at, (mark) => asked(mark), undefined);
        await settled(run);
      },
    ),
  );

async function check(model: Model, run: Run): Promise<void> {
  await settled(run);
  const prompts = run.provider.prompts.filter((prompt) => JSON.stringify(prompt).includes(`[[${run.name}:`));
  checkPrompts(prompts);
  for (const [at, known] of model) {
    const { tenant, session } = splitPlace(run, at);
    const path = `/api/sessions/${session}/export?consumer=${tenant}`;
    const shown = await eventually(async () => {
      const { body, status } = await admin(run.gateway, path);
      return status === 404
        ? ({ turns: [], epoch: 0, covered: 0 } as unknown as ShownSession)
        : (body as ShownSession);
    });
    checkSession(shown, known, prompts);
  }
}

/** A store that conversations are kept in while something happens to it. */
export interface Kept {
  /** Of the config. */
  readonly store: object;
  readonly line?: UnreliableLine;
  /** What happens to it once in each run, while clients speak. */
  readonly during?: () => Promise<void>;
  /** What the conversations of a run are called, if it matters: each run’s otherwise, without `-` and `:`. */
  readonly nameOf?: (run: number) => Promise<string>;
}

const anything = [turns, turns, tools, again, edit, erase];

/** Whatever clients do, the invariants hold of what they said. */
export async function holds({ store, line, during, nameOf = async (run) => `r${run}` }: Kept): Promise<void> {
  const provider = await knowingProvider();
  const sha256 = createHash('sha256')
    .update(TENANTS.shop as string)
    .digest('hex');
  const gateway = await aiGateway([provider], {
    store: { timeout: '2s', ...store },
    context: { enabled: true, lease: '2s', compaction: { window: 900, verbatimTurns: 2 } },
    consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256 }] }],
  });
  const clientLine = await unreliableLine(Number(new URL(gateway.url).port));
  onTestFinished(() => clientLine.close());
  const world = { gateway, provider, clientLine, storeLine: line };
  let runs = 0;
  const commands = during ? anything : [...anything, trouble, trouble];
  const some = fc.commands(commands, { maxCommands: during ? 4 : 14 });
  const property = fc.asyncProperty(some, during ? some : fc.constant([]), async (before, after) => {
    const model: Model = new Map();
    const real: Run = { ...world, name: await nameOf(runs++), marks: 0 };
    await fc.asyncModelRun(() => ({ model, real }), before);
    if (during) await speakDuring(model, real, during);
    await fc.asyncModelRun(() => ({ model, real }), after);
    await check(model, real);
  });
  await fc.assert(property, { numRuns: during ? Math.ceil(RUNS / 3) : RUNS, endOnFailure: RUNS < 10 });
}

/** Clients in every conversation speak until it has happened, and once more. */
async function speakDuring(model: Model, run: Run, happens: () => Promise<void>): Promise<void> {
  let isOver = false;
  const over = happens().finally(() => {
    isOver = true;
  });
  const speak = async (at: string, stream: boolean): Promise<void> => {
    for (let last = false; !last; ) {
      last = isOver;
      await turn(model, run, at, (mark) => asked(mark, { stream }), undefined);
      await sleep(20);
    }
  };
  await Promise.all([over, ...PLACES.flatMap((at) => [speak(at, false), speak(at, true)])]);
  await settled(run);
}
