import { expect } from 'vitest';
import {
  type AskedTurn,
  eraOf,
  hadRead,
  heardIn,
  marksIn,
  messagesOf,
  type Prompt,
  pathSeenBy,
  type Said,
  type ShownTurn,
  saidIn,
  wasAsked,
  withoutRecalled,
} from './context-shown.ts';

/** 4 and 5, of a prompt that the gateway has put together. @param gone what was deleted since, by its mark */
export function checkPrompt(turn: AskedTurn, said: Said, gone: ReadonlySet<string>): void {
  const { journey, version } = turn;
  const sent = said.promptOf.get(turn.request);
  expect([version, sent]).toEqual([version, expect.anything()]);
  const prompt = withoutRecalled(sent as Prompt);
  const path = pathSeenBy(turn, said);
  // 4: the summary stands for exactly its prefix, and of what it does not cover all is sent, or was cut for its length.
  const versions = [...journey.sent, ...journey.cut].sort((a, b) => a - b);
  const open = path.filter((each) => each.version > journey.covered);
  expect([version, versions]).toEqual([version, open.map((each) => each.version)]);
  if (journey.covered > 0) expect(path.map((each) => each.version)).toContain(journey.covered);
  // Of those that had to be cut none is younger than one that was sent.
  expect(Math.max(0, ...journey.cut)).toBeLessThan(Math.min(version, ...journey.sent));
  // 4: what was sent is there, in its order, and before what is asked now; beside what was recalled nothing else is.
  const those = [...journey.sent.map((at) => said.turns[at - 1] as ShownTurn), ...saidIn(turn, said.turns)];
  const marks = marksIn(those.flatMap(messagesOf));
  const there = marksIn(prompt).filter((mark) => !gone.has(mark));
  // Of a log that is new and too long the oldest is not sent.
  const from = (journey.unsent ?? 0) === 0 ? 0 : Math.max(0, marks.length - there.length);
  expect([version, there]).toEqual([version, marks.slice(from)]);
  checkBeginning(turn, path, said);
}

/** 5: inside an epoch, a prompt begins with the one before on its path, byte for byte. */
function checkBeginning(turn: AskedTurn, path: readonly ShownTurn[], said: Said): void {
  const before = lastBefore(turn, path, said);
  const { epoch } = turn.journey;
  if (before?.journey.epoch !== epoch || (epoch > 0 && eraOf(before, said) < eraOf(turn, said))) return;
  const promptOf = (of: AskedTurn): Prompt => withoutRecalled(said.promptOf.get(of.request) as Prompt);
  const [earlier, later] = [promptOf(before), promptOf(turn)];
  const since = edited(before, turn, path, said);
  const end = Math.min(ownEnd(before, earlier, said), endOf(earlier, path, since));
  const [from, at] = placesOf(earlier, later, [before, turn]);
  const [bytes, there] = [earlier.slice(from, end), later.slice(at)].map((messages) =>
    bytesOf(messages, turn.format),
  ) as [string[], string[]];
  const which = [turn.version, before.version];
  const isOpen = since < Number.POSITIVE_INFINITY && goesOn(earlier[end - 1], turn.format);
  const [begun, begins] = [bytes, there.slice(0, bytes.length)].map((each) =>
    isOpen ? begunBy(each, bytes) : each,
  );
  expect([...which, begins]).toEqual([...which, begun]);
}

/** Whether an answer is one message with the next, where what was asked between them is deleted: chat completions have two. */
const goesOn = (message: Prompt[number] | undefined, format: string): boolean =>
  format !== 'openai-chat' && message?.role === 'assistant' && !message.tool_calls;

/** Of the last of them only what it begins with: as much as there was before, without its end. */
const begunBy = (messages: readonly string[], before: readonly string[]): readonly string[] =>
  messages.map((message, at) =>
    at === messages.length - 1 ? message.slice(0, (before.at(-1) ?? '').length - '"}'.length) : message,
  );

/** Message by message. In the API of messages what a user says in a row is one: there each thing that they say counts by itself. */
function bytesOf(messages: Prompt, format: string): string[] {
  const thingsIn = ({ role, content }: Prompt[number]): object[] =>
    (Array.isArray(content) ? content : [{ text: content }]).map(({ text }) => ({ role, text }));
  const isOne = ({ role }: Prompt[number]): boolean => format !== 'anthropic-messages' || role !== 'user';
  return messages
    .flatMap((message) => (isOne(message) ? [message] : thingsIn(message)))
    .map((each) => JSON.stringify(each));
}

/**
 * How many messages of a prompt begin the next one: all, but for what is asked in it where others, who were faster, stand before
 * that now, or where it has no answer, so that it may be one message with what follows.
 */
function ownEnd(turn: AskedTurn, prompt: Prompt, { turns }: Said): number {
  if (!turn.staleBase) return turn.status === 'complete' && !turn.opens ? prompt.length : prompt.length - 1;
  const own = new Set(saidIn(turn, turns).flatMap((each) => heardIn(messagesOf(each))));
  const at = prompt.findIndex((message) => heardIn([message]).some((mark) => own.has(mark)));
  return beforeCall(prompt, at < 0 ? prompt.length - 1 : at);
}

/** Where a call stands whose results are there: it comes and goes with them. */
function beforeCall(prompt: Prompt, at: number): number {
  const isPart = (message: Prompt[number] | undefined): boolean =>
    message?.role === 'tool' || message?.tool_calls !== undefined;
  return isPart(prompt[at - 1]) ? beforeCall(prompt, at - 1) : at;
}

/**
 * The last turn on a path whose prompt is to begin the next one. Each API has its own form of what was said: in messages what
 * somebody says in a row is one, in chat completions it is not. What was answered while the conversation left for another branch
 * had read that other one.
 */
function lastBefore(turn: AskedTurn, path: readonly ShownTurn[], said: Said): AskedTurn | undefined {
  const versions = new Set(path.map(({ version }) => version));
  return path
    .filter(wasAsked)
    .findLast(
      (each) =>
        each.format === turn.format && pathSeenBy(each, said).every(({ version }) => versions.has(version)),
    );
}

/** Of the turns on a path the first that something was deleted of, or put right, between two prompts; infinity: none. */
function edited(before: AskedTurn, turn: AskedTurn, path: readonly ShownTurn[], said: Said): number {
  const { turns, byId, deletions } = said;
  const since = before.staleBase ? hadRead(before) : before.version;
  const corrected = turns.flatMap(({ supersedes, version }) =>
    supersedes !== '' && since < version && version < turn.version
      ? [byId.get(supersedes)?.version ?? 0]
      : [],
  );
  const deleted = deletions.slice(eraOf(before, said), eraOf(turn, said)).map(({ of }) => of);
  const on = new Set(path.map(({ version }) => version));
  const first = Math.min(...[...corrected, ...deleted].filter((version) => on.has(version)));
  // What is put right of a summary stands in it.
  return first <= turn.journey.covered ? 0 : first;
}

/** How many messages a prompt has before those of a turn. */
function endOf(prompt: Prompt, path: readonly ShownTurn[], version: number): number {
  if (version === 0) return 0;
  if (version === Number.POSITIVE_INFINITY) return prompt.length;
  const versions = new Map(
    path.flatMap((turn) => heardIn(messagesOf(turn)).map((mark) => [mark, turn.version])),
  );
  // Of what was deleted nobody knows the turn any more.
  const isBefore = (mark: string): boolean => (versions.get(mark) ?? version) < version;
  const next = prompt.findIndex((message) => !heardIn([message]).every(isBefore));
  if (next < 0) return prompt.length;
  // What has no mark, and is no answer to what has one, is of the turn that comes then.
  const last = prompt.slice(0, next).findLastIndex((message) => heardIn([message]).length > 0);
  const isAnswer = ({ role, tool_calls: calls }: Prompt[number]): boolean => role === 'assistant' && !calls;
  return last + 1 + prompt.slice(last + 1).findIndex((message) => !isAnswer(message));
}

/** Where two prompts begin to say the same: at once; or, where the oldest had to be cut from one, with the first turn in both. */
function placesOf(earlier: Prompt, later: Prompt, those: readonly [AskedTurn, AskedTurn]): [number, number] {
  if (those.every(({ journey: { cut, unsent = 0 } }) => cut.length === 0 && unsent === 0)) return [0, 0];
  const there = new Set(marksIn(later));
  const mark = marksIn(earlier).find((each) => there.has(each));
  if (mark === undefined) return [earlier.length, later.length];
  const placeIn = (prompt: Prompt): number => {
    const at = prompt.findIndex((message) => marksIn([message]).includes(mark));
    // Said in a row with what was cut it is one message with that.
    return marksIn([prompt[at] as Prompt[number]])[0] === mark ? at : at + 1;
  };
  return [placeIn(earlier), placeIn(later)];
}
