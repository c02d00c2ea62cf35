import { CALLS } from '../helpers/knowing-provider.ts';
import type { Prompt } from './context-shown.ts';
import {
  isDegraded,
  type KnownPlace,
  knownOf,
  type Model,
  type Port,
  type Run,
  requestOf,
  thing,
  turn,
  user,
  wordsIn,
} from './context-world.ts';

/** How many clients a place has that keep all of the conversation, and send all of it each time, in the way of stock SDKs. */
export const LOG_CLIENTS = 3;

/** What a client has of a place: its own log; else that of one that has one, as a page that is opened twice; or nothing yet. */
export const logOf = ({ logs }: KnownPlace, client: number): Prompt =>
  logs.get(client) ?? logs.values().next().value ?? [];

interface Speaking {
  /** What it goes on from, if not from all that it has. */
  readonly log?: Prompt;
  readonly stream?: boolean;
  readonly via?: Port | undefined;
  /** So often at once, with one key. */
  readonly times?: number;
}

/** It says something behind its log, which grows by that and by the answer. */
export async function sayWhole(
  model: Model,
  run: Run,
  place: string,
  client: number,
  { log = logOf(knownOf(model, place), client), stream = false, via, times }: Speaking = {},
): Promise<void> {
  const { logs } = knownOf(model, place);
  const says = sayingBehind(log, (mark) => [thing(mark)], { stream });
  const answer = await turn(model, run, place, says.request, { via, times });
  noteRetold(model, place, says.mark(), isDegraded(answer));
  logs.set(client, [...says.messages(), { role: 'assistant', content: wordsIn(answer.body.toString()) }]);
}

/** It asks for something that takes a tool, or two at once, and brings what they say. */
export async function callWhole(
  model: Model,
  run: Run,
  place: string,
  client: number,
  both: boolean,
): Promise<void> {
  const known = knownOf(model, place);
  const what = both ? 'weather here and there' : 'weather';
  const asks = sayingBehind(logOf(known, client), (mark) => [user(`${what} ${mark}`)]);
  const call = await turn(model, run, place, asks.request);
  noteRetold(model, place, asks.mark(), isDegraded(call));
  const calls = CALLS.slice(0, both ? 2 : 1);
  const called = [...asks.messages(), { role: 'assistant', content: null, tool_calls: calls }];
  const results = (mark: string): Prompt =>
    calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: `sunny ${mark}` }));
  const brings = sayingBehind(called, results);
  const answer = await turn(model, run, place, brings.request, { isResult: true });
  noteRetold(model, place, brings.mark(), isDegraded(answer));
  const words = wordsIn(answer.body.toString());
  known.logs.set(client, [...brings.messages(), { role: 'assistant', content: words }]);
}

/** What is not stored as it was answered comes again with the next log. */
function noteRetold(model: Model, place: string, mark: string, isAgain: boolean): void {
  if (isAgain) knownOf(model, place).retold.add(mark);
}

/** A request that says something behind a log, and what was said in it. */
function sayingBehind(log: Prompt, says: (mark: string) => Prompt, more: object = {}) {
  let [said, messages] = ['', log];
  return {
    request: (mark: string, session: string) => {
      [said, messages] = [mark, [...log, ...says(mark)]];
      return requestOf('chat', session, messages, more);
    },
    mark: () => said,
    messages: () => messages,
  };
}
