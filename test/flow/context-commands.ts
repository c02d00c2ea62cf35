import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { sdk } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { sayWhole } from './context-log-clients.ts';
import { textOf } from './context-shown.ts';
import {
  type Acknowledged,
  APIS,
  type Api,
  isSaidNoMore,
  knownOf,
  type Line,
  type Model,
  nextMark,
  noteAnswer,
  PLACES,
  RESULTS,
  type Run,
  requestOf,
  say,
  send,
  settled,
  shownOf,
  speak,
  splitPlace,
  TENANTS,
  thing,
  told,
  turn,
  USERS,
  user,
  wordsIn,
} from './context-world.ts';

type Command = fc.AsyncCommand<Model, Run>;

export const place = fc.constantFrom(...PLACES);
const api = fc.constantFrom(...APIS);
export const command = (
  name: string,
  run: (model: Model, real: Run) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({ check, run, toString: () => name });

type Told = readonly [mark: string, of: Acknowledged];
/** What was acknowledged in a place, if there is such. */
function toldIn(model: Readonly<Model>, at: string, is: (of: Acknowledged) => boolean = () => true): Told[] {
  const { acknowledged = [], retold } = model.get(at) ?? {};
  return [...acknowledged].filter(([mark, of]) => is(of) && !retold?.has(mark));
}
const oneOf = (told: readonly Told[], which: number): Told => told[which % told.length] as Told;

const turns = fc
  .record({ at: place, clients: fc.integer({ min: 1, max: 4 }), stream: fc.boolean(), first: fc.nat(3) })
  .map(({ at, clients, stream, first }) =>
    command(
      `${clients} clients, ${APIS[first]} first, say something in ${at}${stream ? ', streamed' : ''}`,
      async (model, run) => {
        const one = (_: unknown, number: number) =>
          speak(model, run, at, { api: APIS[(first + number) % APIS.length], stream });
        await Promise.all(Array.from({ length: clients }, one));
      },
    ),
  );

const tools = fc
  .record({ at: place, calls: api, brings: api, both: fc.boolean() })
  .map(({ at, calls, brings, both }) =>
    command(
      `${both ? 'two tools are' : 'a tool is'} called in ${at}: ${calls}, ${brings}`,
      async (model, run) => {
        // A conversation that may not be there yet is not named.
        const asks = calls === 'conversation' ? 'responses' : calls;
        const what = both ? 'weather here and there' : 'weather';
        await turn(model, run, at, (mark, session) => requestOf(asks, session, [user(`${what} ${mark}`)]));
        if (both) await bringOne(model, run, at, brings);
        const said = (mark: string): string[] => [...(both ? ['rainy'] : []), `sunny ${mark}`];
        await turn(
          model,
          run,
          at,
          (mark, session) => requestOf(brings, session, RESULTS[brings](said(mark))),
          {
            isResult: true,
          },
        );
      },
    ),
  );

/** Without the other one nobody goes on. */
async function bringOne(model: Model, run: Run, at: string, api: Api): Promise<void> {
  const mark = nextMark(run, at);
  knownOf(model, at).gone.add(mark);
  const request = requestOf(api, splitPlace(run, at).session, RESULTS[api]([`sunny ${mark}`]));
  const prompts = run.provider.prompts.length;
  expect((await told(run, at, request, mark)).status).toBe(400);
  expect(run.provider.prompts).toHaveLength(prompts);
}

const follow = fc
  .record({ at: place, which: fc.nat(20), stream: fc.boolean() })
  .map(({ at, which, stream }) =>
    command(
      `somebody goes on from a response in ${at}${stream ? ', streamed' : ''}`,
      async (model, run) => {
        const [, { responseId }] = oneOf(responsesIn(model, at), which);
        const more = { stream, previous_response_id: responseId };
        await turn(model, run, at, (mark, session) => ({
          ...requestOf('responses', session, [thing(mark)], more),
          headers: {},
        }));
      },
      (model) => responsesIn(model, at).length > 0,
    ),
  );
const responsesIn = (model: Readonly<Model>, at: string): Told[] =>
  toldIn(model, at, ({ responseId }) => responseId !== '');

const again = fc.record({ at: place, which: fc.nat(20) }).map(({ at, which }) =>
  command(
    `an old request is sent again in ${at}`,
    async (model, run) => {
      const [, { version, request, key, words }] = oneOf(toldIn(model, at), which);
      const prompts = run.provider.prompts.length;
      const whole = { ...request, body: { ...request.body, stream: false } };
      const answer = await say(run, at, whole, key);
      expect(answer.headers['x-context-status']).toBe('replay');
      expect(answer.headers['x-context-version']).toBe(String(version));
      expect(wordsIn(answer.body.toString())).toBe(words);
      expect(run.provider.prompts).toHaveLength(prompts);
    },
    (model) => toldIn(model, at).length > 0,
  ),
);

const edit = fc.record({ at: place, which: fc.nat(2) }).map(({ at, which }) =>
  command(`the first question is put otherwise in ${at}, ${APIS[which]}`, async (model, run) => {
    const history = [user('never said'), { role: 'assistant', content: 'never answered' }];
    await turn(model, run, at, (mark, session) =>
      requestOf(APIS[which] as Api, session, [...history, user(`otherwise ${mark}`)]),
    );
  }),
);

const ifMatch = fc
  .record({ at: place, clients: fc.integer({ min: 1, max: 3 }), isStale: fc.boolean(), api })
  .map(({ at, clients, isStale, api: speaks }) =>
    command(
      `${clients} clients say something in ${at} if it is at ${isStale ? 'a version that was' : 'its version'}`,
      async (model, run) => {
        await settled(run);
        const known = knownOf(model, at);
        const { session } = splitPlace(run, at);
        const { version, turns: stored } = await shownOf(run, at);
        const prompts = run.provider.prompts.length;
        // What failed behind it counts as nothing.
        const reached = stored.findLast(({ status }) => status !== 'failed')?.version ?? 0;
        const headers = { 'if-match': `"${isStale ? reached - 1 : version}"` };
        const one = async (): Promise<number> => {
          const mark = nextMark(run, at);
          known.open.add(mark);
          const asked = requestOf(speaks, session, [thing(mark)]);
          const request = { ...asked, headers: { ...asked.headers, ...headers } };
          const answer = await send(run, at, request, mark);
          if (answer?.status === 200) noteAnswer(known, mark, request, answer);
          const told = known.acknowledged.get(mark);
          if (told) expect(told.version).toBe(version + 1);
          if (answer?.status !== 409) return answer?.status ?? 0;
          // Nobody heard of it.
          known.open.delete(mark);
          known.gone.add(mark);
          return 409;
        };
        // The store was there a moment ago: all are answered.
        const said = (await Promise.all(Array.from({ length: clients }, one))).sort();
        const first = isStale ? 409 : 200;
        expect(said).toEqual([first, ...Array.from({ length: clients - 1 }, () => 409)]);
        expect(run.provider.prompts).toHaveLength(prompts + (isStale ? 0 : 1));
      },
      (model) => toldIn(model, at).length > 0,
    ),
  );

const correct = fc.record({ at: place, which: fc.nat(20) }).map(({ at, which }) =>
  command(
    `an answer is corrected in ${at}`,
    async (model, run) => {
      await settled(run);
      const known = knownOf(model, at);
      const [mark, { version }] = oneOf(plainIn(model, at), which);
      const { turns: stored } = await shownOf(run, at);
      const { tenant, session } = splitPlace(run, at);
      const words = nextMark(run, at);
      known.open.add(words);
      const body = { turn: stored[version - 1]?.id, text: `Not so: ${words}.`, reason: 'it was wrong' };
      const path = `/api/sessions/${session}/corrections?consumer=${tenant}`;
      // It waits for whoever answers alone.
      const answer = await eventually(async () => {
        const given = await admin(run.gateway, path, { body });
        return given.status !== 409 && given;
      });
      if (answer.status !== 200) return expect(answer.status).toBe(503);
      known.open.delete(words);
      known.corrections.set(words, { version: answer.body.version as number, of: mark });
      const from = run.provider.prompts.length;
      await speak(model, run, at);
      // Where it is repeated what was asked, the person's words follow.
      for (const prompt of run.provider.prompts.slice(from)) {
        const before = prompt.slice(0, -1);
        const asked = before.findIndex(
          ({ role, content }) => role === 'user' && textOf(content).includes(mark),
        );
        if (asked >= 0) expect(textOf(prompt[asked + 1]?.content)).toContain(words);
      }
    },
    (model) => plainIn(model, at).length > 0,
  ),
);
const plainIn = (model: Readonly<Model>, at: string): Told[] =>
  toldIn(model, at, ({ isResult }) => !isResult);

/** Until the store takes it; what is not there any more is deleted. */
const insisting = (call: () => Promise<unknown>): Promise<boolean> =>
  eventually(() =>
    call().then(
      () => true,
      (error: { status?: number }) => {
        if (error.status === 404) return true;
        if (error.status === undefined || error.status >= 500) return false;
        throw error;
      },
    ),
  );

const remove = fc.record({ at: place, which: fc.nat(20) }).map(({ at, which }) =>
  command(
    `something is deleted in ${at}`,
    async (model, run) => {
      await settled(run);
      const known = knownOf(model, at);
      const [mark, { version, responseId }] = oneOf(removableIn(model, at), which);
      const { turns: stored } = await shownOf(run, at);
      const { tenant, session } = splitPlace(run, at);
      const { conversations, responses } = sdk(run.gateway, TENANTS[tenant]);
      if (responseId !== '') {
        await insisting(() => responses.delete(responseId));
        // And what stands in its place.
        for (const [words, { of }] of known.corrections)
          if (of === mark && known.corrections.delete(words)) known.gone.add(words);
      } else {
        // Of another branch nobody sees the items.
        if (!stored[version - 1]?.onPath) return;
        const ids: string[] = [];
        for await (const item of conversations.items.list(session, { limit: 100 }))
          if (JSON.stringify(item).includes(mark)) ids.push(String(item.id));
        for (const id of ids)
          await insisting(() => conversations.items.delete(id, { conversation_id: session }));
      }
      known.deletions.push({ of: version, at: stored.length });
      known.acknowledged.delete(mark);
      known.gone.add(mark);
      // Whoever has it themselves would say it again.
      for (const [who, log] of known.logs) if (JSON.stringify(log).includes(mark)) known.logs.delete(who);
      await isSaidNoMore(model, run, at);
    },
    (model) => removableIn(model, at).length > 0,
  ),
);
/** An end user’s conversation has no items of its own: nobody says there whose they are. */
const removableIn = (model: Readonly<Model>, at: string): Told[] =>
  toldIn(model, at, ({ responseId }) => responseId !== '' || USERS[at] === undefined);

export const trouble = fc
  .record({
    at: place,
    clients: fc.integer({ min: 1, max: 3 }),
    logs: fc.nat(2),
    first: fc.nat(3),
    stream: fc.boolean(),
    where: fc.constantFrom('client' as const, 'store' as const),
    what: fc.constantFrom('cut', 'slow', 'loses answers', 'says it twice'),
    afterMs: fc.integer({ min: 0, max: 12 }),
  })
  .map(({ at, clients, logs, first, stream, where, what, afterMs }) =>
    command(
      `${clients} clients, ${APIS[first]} first, and ${logs} with all of it, in ${at}${stream ? ', streamed' : ''}; the line to the ${where}: ${what}, ${afterMs}`,
      async (model, run) => {
        const line: Line = (where === 'store' && run.storeLine) || run.clientLine;
        if (what === 'slow') line.delayMs = 4;
        await line.pausing;
        if (what === 'says it twice') {
          // Connections that begin now.
          line.repeats = true;
          await line.cut();
        }
        const via = run.clientLine;
        const few = Array.from({ length: clients }, (_, number) =>
          speak(model, run, at, { api: APIS[(first + number) % APIS.length], stream, via }),
        );
        const whole = Array.from({ length: logs }, (_, who) =>
          sayWhole(model, run, at, who, { stream, via }),
        );
        await sleep(afterMs);
        line.losesAnswers = what === 'loses answers';
        if (what === 'cut' || what === 'loses answers') {
          await sleep(3);
          await line.cut();
        }
        line.losesAnswers = false;
        await Promise.all([...few, ...whole]);
        Object.assign(line, { delayMs: 0, repeats: false });
        // Who erases something says so once.
        if (what === 'says it twice') await line.cut();
        // Another turn waits for what the store has not taken yet: then all of it is there.
        await speak(model, run, at);
        await settled(run);
      },
    ),
  );

export const anything = [turns, turns, turns, tools, tools, follow, again, edit, ifMatch, correct, remove];
