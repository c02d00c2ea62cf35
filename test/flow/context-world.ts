import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { type ChatAnswer, CLIENT_KEY, chat } from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { CALLS, type KnowingProvider } from '../helpers/knowing-provider.ts';
import type { UnreliableLine } from '../helpers/unreliable-line.ts';
import type { Deletion, Prompt, ShownSession } from './context-shown.ts';

export const TENANTS: Record<string, string> = { app: CLIENT_KEY, shop: 'key-of-the-shop' };
export const PLACES = ['app/one', 'app/two', 'shop/one'];
/** Whose they are, of their consumer's end users; of the others nobody's in particular. */
export const USERS: Readonly<Record<string, string>> = { 'app/two': 'ann', 'shop/one': 'ann' };

/** A call of one of the APIs. */
export interface Request {
  readonly path: string;
  /** That name the conversation, if its body does not. */
  readonly headers: Record<string, string>;
  readonly body: object;
}

/** What a client was told of something that it said. */
export interface Acknowledged {
  readonly version: number;
  readonly request: Request;
  readonly key: string;
  /** What was answered to it. */
  readonly words: string;
  /** '' of what is no response. */
  readonly responseId: string;
  /** It brought the result of a call: the answer says it too. */
  readonly isResult: boolean;
  /** All that its client sent, if that was all of the conversation. */
  readonly log: Prompt | undefined;
}

/** One conversation as its clients know it, by marks that stand in what they said. */
export interface KnownPlace {
  readonly acknowledged: Map<string, Acknowledged>;
  /** Said and answered, and not told where it stands: it will be there, once. */
  readonly answered: Set<string>;
  /** Said, and nobody knows what came of it, or the store was away. */
  readonly open: Set<string>;
  /** Erased, deleted or refused: it is nowhere. */
  readonly gone: Set<string>;
  /** A person's words in the place of an answer, and the mark of what was answered. */
  readonly corrections: Map<string, { readonly version: number; readonly of: string }>;
  readonly deletions: Deletion[];
  /** Of clients that keep all of it: what each of them has of it. */
  readonly logs: Map<number, Prompt>;
  /** What their logs bring again otherwise than it is stored: the answer broke off, or never came, or the store was away. */
  readonly retold: Set<string>;
}

/** What can happen to connections. */
export type Line = Pick<UnreliableLine, 'delayMs' | 'losesAnswers' | 'repeats'> & {
  cut(): void | Promise<void>;
  /** Until it is slow. */
  readonly pausing?: Promise<void>;
};

/** By which way. */
export type Port = { readonly port: number };

interface World {
  readonly gateway: TestGateway;
  /** Another one at the same store: what is said there ends \`BRIEF_MS\` later. */
  readonly brief: Port;
  readonly provider: KnowingProvider;
  readonly clientLine: UnreliableLine;
  readonly storeLine: Line | undefined;
}

export const BRIEF_MS = 200;

/** One run: its conversations are nobody else's. */
export interface Run extends World {
  readonly name: string;
  marks: number;
}

export type Model = Map<string, KnownPlace>;

export function knownOf(model: Model, place: string): KnownPlace {
  const known = model.get(place) ?? {
    acknowledged: new Map(),
    answered: new Set(),
    open: new Set(),
    gone: new Set(),
    corrections: new Map(),
    deletions: [],
    logs: new Map(),
    retold: new Set(),
  };
  model.set(place, known);
  return known;
}

/** All that was said in a place has ended. */
export function allGone({ gone, deletions, ...known }: KnownPlace): void {
  const { acknowledged, answered, open, corrections, retold, logs } = known;
  for (const mark of [...acknowledged.keys(), ...answered, ...open, ...corrections.keys()]) gone.add(mark);
  for (const some of [acknowledged, answered, open, corrections, retold, logs]) some.clear();
  deletions.length = 0;
}

export const splitPlace = (run: Run, place: string) => {
  const [tenant = '', session = ''] = place.split('/');
  return { tenant, session: `${run.name}-${session}` };
};

/** Stands in what is said: whose it is, and that it is nothing else. */
export const nextMark = (run: Run, place: string): string => `[[${run.name}:${place}:${run.marks++}]]`;

/** `conversation`: responses that name it in their body, and are answered alone. */
export const APIS = ['chat', 'messages', 'responses', 'conversation'] as const;
export type Api = (typeof APIS)[number];

const PATHS: Record<Api, string> = {
  chat: '/v1/chat/completions',
  messages: '/v1/messages',
  responses: '/v1/responses',
  conversation: '/v1/responses',
};

/** A call that says these messages in a session. */
export function requestOf(
  api: Api,
  session: string,
  messages: readonly object[],
  more: object = {},
): Request {
  const isNamed = api === 'conversation';
  const said =
    api === 'chat' || api === 'messages'
      ? { max_tokens: 100, messages }
      : { max_output_tokens: 100, input: messages, ...(isNamed && { conversation: session }) };
  return {
    path: PATHS[api],
    headers: isNamed ? {} : { 'x-session-id': session },
    body: { model: 'smart', ...said, ...more },
  };
}

const outputs = (texts: readonly string[]): object[] =>
  texts.map((output, at) => ({ type: 'function_call_output', call_id: CALLS[at]?.id, output }));
/** What tools have said, in the order of their calls. */
export const RESULTS: Record<Api, (texts: readonly string[]) => object[]> = {
  chat: (texts) => texts.map((content, at) => ({ role: 'tool', tool_call_id: CALLS[at]?.id, content })),
  messages: (texts) => [
    {
      role: 'user',
      content: texts.map((content, at) => ({ type: 'tool_result', tool_use_id: CALLS[at]?.id, content })),
    },
  ],
  responses: outputs,
  conversation: outputs,
};

export const user = (content: string) => ({ role: 'user', content });
export const thing = (mark: string) => user(`My thing is ${mark}. ${'words of no weight '.repeat(6)}`);

/** A stream says it behind its end. */
const versionOf = ({ headers, trailers }: ChatAnswer) =>
  headers.trailer === undefined ? headers['x-context-version'] : trailers?.['x-context-version'];

/** How an API's bodies name an end user. */
const namesUser = (path: string, user: string): object =>
  path === PATHS.messages ? { metadata: { user_id: user } } : { user };

/**
 * @param key '' = it has none
 * @param by the end user who says so; '' = none is named
 * @returns undefined where nothing was heard
 */
export function send(
  run: Run,
  place: string,
  { path, headers, body }: Request,
  key: string,
  via?: Port,
  by = USERS[place] ?? '',
): Promise<ChatAnswer | undefined> {
  const url = via ? `http://127.0.0.1:${via.port}` : run.gateway.url;
  const all = {
    authorization: `Bearer ${TENANTS[splitPlace(run, place).tenant]}`,
    ...(key !== '' && { 'idempotency-key': key }),
    ...headers,
  };
  return chat({ url }, { ...body, ...(by !== '' && namesUser(path, by)) }, all, path).catch(() => undefined);
}

/** What the store, once it is there, has to say to that. */
export const told = (...all: Parameters<typeof send>): Promise<ChatAnswer> =>
  eventually(async () => {
    const answer = await send(...all);
    return answer?.status !== 503 && answer && !isDegraded(answer) && answer;
  }, PATIENCE);

/** Whether an answer came to its end: a stream can't take its status back, and says that it failed. */
function isWhole({ status, headers, body }: ChatAnswer): boolean {
  if (status !== 200 || !String(headers['content-type']).includes('event-stream')) return status === 200;
  const text = body.toString();
  const hasEnded = /data: \[DONE\]|"message_stop"|"response\.completed"/.test(text);
  if (!hasEnded) expect(text).toContain('conversation_locked');
  return hasEnded;
}

/** Longest that nobody answers a client: a failover takes seconds on a busy machine. Milliseconds. */
const PATIENCE = 60_000;

/** Says it until somebody answers, as a client does that knows its own request again. */
export async function say(...all: Parameters<typeof send>): Promise<ChatAnswer> {
  const heard: unknown[] = [];
  for (let waited = 0; waited < PATIENCE; ) {
    const answer = await send(...all);
    if (answer && isWhole(answer)) return answer;
    // Nothing but others at work, and a store that is away, is in the way of what it says.
    const { status = 503, body = '' } = answer ?? {};
    if (status !== 503 && status !== 200 && status !== 409) throw new Error(`${status}: ${body}`);
    heard.push(answer?.status);
    const wait = Math.min(15 * heard.length, 500);
    waited += wait;
    await sleep(wait);
  }
  throw new Error(`nobody has answered ${JSON.stringify(all.slice(1))}, but ${heard.slice(-9).join(', ')}`);
}

export const isDegraded = ({ headers }: ChatAnswer): boolean => headers['x-context-status'] === 'degraded';

/**
 * A client that says something in a place, with a mark of its own, until it knows what came of it.
 * @param times it says so at once, with one key: it is answered once
 */
export async function turn(
  model: Model,
  run: Run,
  place: string,
  says: (mark: string, session: string) => Request,
  { via, isResult = false, times = 1 }: { via?: Port | undefined; isResult?: boolean; times?: number } = {},
): Promise<ChatAnswer> {
  const known = knownOf(model, place);
  const mark = nextMark(run, place);
  const request = says(mark, splitPlace(run, place).session);
  const before = Math.max(0, ...[...known.acknowledged.values()].map(({ version }) => version));
  known.open.add(mark);
  const answers = await Promise.all(Array.from({ length: times }, () => say(run, place, request, mark, via)));
  const kept = answers.filter((each) => !isDegraded(each));
  const words = new Set(kept.map(({ body }) => wordsIn(body.toString())));
  expect(words.size).toBeLessThanOrEqual(1);
  const answer = (kept[0] ?? answers[0]) as ChatAnswer;
  noteAnswer(known, mark, request, answer, isResult);
  // What was there before it was said comes before it.
  expect(known.acknowledged.get(mark)?.version ?? before + 1).toBeGreaterThan(before);
  return answer;
}

/** What a client knows by an answer. */
export function noteAnswer(
  known: KnownPlace,
  mark: string,
  request: Request,
  answer: ChatAnswer,
  isResult = false,
): void {
  if (isDegraded(answer)) return;
  known.open.delete(mark);
  const version = Number(versionOf(answer) ?? -1);
  if (version < 0) {
    known.answered.add(mark);
    return;
  }
  const text = answer.body.toString();
  const responseId = /"(resp_[\w-]+)"/.exec(text)?.[1] ?? '';
  const log = logIn(request);
  const words = wordsIn(text);
  known.acknowledged.set(mark, { version, request, key: mark, words, responseId, isResult, log });
}

/** Of a request of chat completions with answers in it. */
function logIn({ path, body }: Request): Prompt | undefined {
  const { messages = [] } = body as { messages?: Prompt };
  return path === PATHS.chat && messages.some(({ role }) => role === 'assistant') ? messages : undefined;
}

/** What the model has said, streamed or not, in whichever form; '' of a call. */
export const wordsIn = (text: string): string =>
  /I have read \d+ messages\.|It is [^"]+?\]\]\./.exec(text)?.[0] ?? '';

/** Somebody says something, in whichever words. Nobody can name a conversation that there is not yet. */
export const speak = (
  model: Model,
  run: Run,
  place: string,
  { api = 'chat', stream = false, via }: { api?: Api | undefined; stream?: boolean; via?: Port } = {},
): Promise<unknown> => {
  const isThere = (model.get(place)?.acknowledged.size ?? 0) > 0;
  const by = api === 'conversation' && !isThere ? 'responses' : api;
  return turn(model, run, place, (mark, session) => requestOf(by, session, [thing(mark)], { stream }), {
    via,
  });
};

/** Until nobody waits for an answer. What the store has not taken by then the next turn waits for. */
export async function settled({ gateway }: Run): Promise<void> {
  await eventually(async () => {
    const { body } = await admin(gateway, '/api/status');
    return body.requestsInFlight === 0;
  }, 30_000);
}

/** A conversation as it is stored. */
export async function shownOf(run: Run, place: string): Promise<ShownSession> {
  const { tenant, session } = splitPlace(run, place);
  const path = `/api/sessions/${session}/export?consumer=${tenant}`;
  return await eventually(async () => {
    const { body, status } = await admin(run.gateway, path);
    if (status === 404) return { version: 0, turns: [], epoch: 0, covered: 0, summary: null };
    return status === 200 && (body as ShownSession);
  });
}

/** From here on it is in no prompt. */
export async function isSaidNoMore(model: Model, run: Run, place: string): Promise<void> {
  const from = run.provider.prompts.length;
  await speak(model, run, place);
  const after = JSON.stringify(run.provider.prompts.slice(from));
  expect([...knownOf(model, place).gone].filter((mark) => after.includes(mark))).toEqual([]);
}
