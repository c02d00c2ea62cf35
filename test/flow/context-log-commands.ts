import fc from 'fast-check';
import { expect } from 'vitest';
import type { ChatAnswer } from '../helpers/ai.ts';
import { command, place } from './context-commands.ts';
import { callWhole, LOG_CLIENTS, logOf, sayWhole } from './context-log-clients.ts';
import type { Prompt } from './context-shown.ts';
import {
  APIS,
  isDegraded,
  knownOf,
  nextMark,
  noteAnswer,
  type Request,
  type Run,
  requestOf,
  say,
  send,
  settled,
  speak,
  splitPlace,
  thing,
  wordsIn,
} from './context-world.ts';

const client = fc.nat(LOG_CLIENTS - 1);

const speakAtOnce = fc
  .record({
    at: place,
    logs: fc.integer({ min: 1, max: LOG_CLIENTS }),
    from: fc.option(client),
    others: fc.nat(2),
    first: fc.nat(3),
    stream: fc.boolean(),
    times: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ at, logs, from, others, first, stream, times }) =>
    command(
      `${logs} clients with ${from === null ? 'all of it' : `all that client ${from} has`}${times > 1 ? ', twice' : ''}, and ${others} more, ${APIS[first]} first, say something in ${at}${stream ? ', streamed' : ''}`,
      async (model, run) => {
        const known = knownOf(model, at);
        const one = from === null ? {} : { log: logOf(known, from) };
        const say = (_: unknown, number: number) =>
          sayWhole(model, run, at, number, { ...one, stream, times });
        const sayMore = (_: unknown, number: number) =>
          speak(model, run, at, { api: APIS[(first + number) % APIS.length], stream });
        await Promise.all([...Array.from({ length: logs }, say), ...Array.from({ length: others }, sayMore)]);
      },
    ),
  );

const call = fc
  .record({ at: place, client, both: fc.boolean() })
  .map(({ at, client: who, both }) =>
    command(`client ${who} with all of it calls ${both ? 'two tools' : 'a tool'} in ${at}`, (model, run) =>
      callWhole(model, run, at, who, both),
    ),
  );

/** Where users speak in a log. */
const turnsIn = (log: Prompt): number[] => log.flatMap(({ role }, at) => (role === 'user' ? [at] : []));

const goBack = fc
  .record({ at: place, client, which: fc.nat(20), other: fc.option(client) })
  .map(({ at, client: who, which, other }) =>
    command(
      `client ${who} with all of it says something otherwise in ${at}${other === null ? '' : `, while client ${other} goes on`}`,
      async (model, run) => {
        const log = logOf(knownOf(model, at), who);
        const turns = turnsIn(log);
        const goesOn = other !== null && other !== who ? [sayWhole(model, run, at, other)] : [];
        const kept = log.slice(0, turns[which % turns.length]);
        await Promise.all([sayWhole(model, run, at, who, { log: kept }), ...goesOn]);
      },
      (model) => (model.get(at)?.logs.size ?? 0) > 0,
    ),
  );

/** What a stream says before it breaks off. */
const HALF = 'I have';

/** What becomes of an answer on its way; `leaves`: its client hangs up before it is there. */
const HOW = ['leaves', 'it breaks off', 'it breaks off at once'] as const;
/** What a client does that was not answered. */
const NEXT = ['asks again', 'keeps the question', 'keeps all', 'keeps nothing'] as const;

const unanswered = fc
  .record({ at: place, client, how: fc.constantFrom(...HOW), next: fc.constantFrom(...NEXT) })
  .map(({ at, client: who, how, next }) =>
    command(
      `client ${who} with all of it is not answered in ${at}: ${how}, and ${next}`,
      async (model, run) => {
        await settled(run);
        const known = knownOf(model, at);
        const log = logOf(known, who);
        const mark = nextMark(run, at);
        const asked = [...log, thing(mark)];
        const request = requestOf('chat', splitPlace(run, at).session, asked, { stream: true });
        known.open.add(mark);
        known.retold.add(mark);
        const goOn =
          how === 'leaves' ? undefined : run.provider.breakOff(mark, how === 'it breaks off' ? HALF : '');
        let answer =
          how === 'leaves' ? await leave(run, at, request, mark) : await send(run, at, request, mark);
        goOn?.();
        await settled(run);
        const half = answer?.body.includes(HALF) ? HALF : '';
        if (next === 'asks again') {
          answer = await say(run, at, request, mark);
          const again = await say(run, at, request, mark);
          if (!isDegraded(answer) && !isDegraded(again))
            expect(wordsIn(String(again.body))).toBe(wordsIn(String(answer.body)));
        }
        const words = wordsIn(String(answer?.body));
        if (answer && words !== '') noteAnswer(known, mark, request, answer);
        const said = words || (next === 'keeps all' ? half : '');
        if (said !== '') known.logs.set(who, [...asked, { role: 'assistant', content: said }]);
        // A log without any answer says but what is new.
        else if (next !== 'keeps nothing' && log.length > 0) known.logs.set(who, asked);
      },
    ),
  );

/** A client that hangs up while it is answered. */
async function leave(run: Run, at: string, request: Request, key: string): Promise<ChatAnswer | undefined> {
  const held = run.provider.hold(key);
  const hears = send(run, at, request, key, run.clientLine);
  // Whoever is refused comes to no provider.
  await Promise.race([held.came, hears]);
  run.clientLine.cut();
  held.go();
  return await hears;
}

/** What clients do that keep all of a conversation. */
export const wholeLogs = [
  speakAtOnce,
  speakAtOnce,
  speakAtOnce,
  call,
  goBack,
  goBack,
  unanswered,
  unanswered,
];
