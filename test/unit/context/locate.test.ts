import { expect, it } from 'vitest';
import { digestOf, isSameMessage } from '../../../src/context/canonical.ts';
import { beginsWith, locate, repeated } from '../../../src/context/locate.ts';
import type { OpenedTurn } from '../../../src/context/path.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import { draft } from '../../conformance/session-drafts.ts';
import { assistant, calls, results, user } from './conversations.ts';

const SEED = 'seed';
const HEAD = { count: 5, hash: 'h' };

function stored(...said: Message[][]): OpenedTurn[] {
  const path: OpenedTurn[] = [];
  for (const [at, messages] of said.entries()) {
    const digests = messages.filter(({ role }) => role !== 'system').map((each) => digestOf(SEED, each));
    const { content: _, ...turn } = draft('', { digests });
    const place = { version: at + 1, at, parent: path.at(-1)?.turn.id ?? '', staleBase: false, hash: '' };
    path.push({ turn: { ...turn, ...place }, content: { messages } });
  }
  return path;
}

const byId = (turns: readonly OpenedTurn[]) => new Map(turns.map((each) => [each.turn.id, each]));

const system: Message = { role: 'system', at: '', content: [{ type: 'text', at: '', text: 'be brief' }] };
const said = [
  [system, user('hello'), calls('c1')],
  [results('c1'), assistant('42'), user('thanks')],
];
const log = said.flat().filter(({ role }) => role !== 'system');

it('a log that goes on from the head is known by its words, whatever a developer said among them', () => {
  expect(beginsWith([...log, user('and now?')], stored(...said), HEAD)).toBe(true);
});

it.each<[string, Message[]]>([
  ['another word', log.with(0, user('hallo'))],
  ['another role', log.with(3, user('42'))],
  ['another call', log.with(1, calls('c2'))],
  ['a message less', log.slice(0, -1)],
  ['none', []],
])('with %s it is not, and its digests decide', (_, other) => {
  expect(beginsWith(other, stored(...said), HEAD)).toBe(false);
});

it('words that were redacted, turns that are not at hand and a head without hash leave it to the digests', () => {
  const path = stored(...said);
  const [first, last] = path as [OpenedTurn, OpenedTurn];
  const hidden = { turn: first.turn, content: { messages: [system, user('[EMAIL]'), calls('c1')] } };
  expect(beginsWith(log, [hidden, last], HEAD)).toBe(false);
  expect(locate(log, [SEED], byId([hidden, last]))).toEqual({ parent: last.turn.id, count: 5 });
  const deleted = { turn: first.turn, content: { messages: [] } };
  expect(beginsWith(log, [deleted, last], HEAD)).toBe(false);
  expect(beginsWith(log, [last], HEAD)).toBe(false);
  expect(beginsWith(log, [], HEAD)).toBe(false);
  expect(beginsWith(log, path, { count: 5, hash: '' })).toBe(false);
});

it.each<[string, Message[], number]>([
  ['the last turn', [...(said[1] as Message[]), user('and now?')], 3],
  ['the last two', [...log, user('and now?')], 5],
  ['the end of a turn alone', [user('thanks'), assistant('welcome'), user('and now?')], 1],
  ['a part of a turn', [assistant('42'), user('thanks'), user('and now?')], 0],
  ['what was said before the last turn', [user('hello'), calls('c1'), results('c1')], 0],
  ['nothing new', said[1] as Message[], 0],
  ['no word of the assistant', [user('thanks'), user('and now?')], 0],
])('a client repeats %s before what is new', (_, sent, count) => {
  expect(repeated(sent, ['other', SEED], stored(...said))).toBe(count);
});

/** Ann and Bob have spoken at once; then somebody who had read both, or nobody. */
function spokenAtOnce(...behind: Message[][]): OpenedTurn[] {
  const at = (index: number, [...messages]: Message[]) => [...messages, assistant(`answer ${index}`)];
  const path = stored(
    ...[[user('hello')], [user('Ann')], [user('Bob')], ...behind].map((each, i) => at(i, each)),
  );
  const [, , bob] = path as [OpenedTurn, OpenedTurn, OpenedTurn];
  return path.with(2, { ...bob, turn: { ...bob.turn, staleBase: true } });
}
const hello = [user('hello'), assistant('answer 0')];
const ann = [...hello, user('Ann'), assistant('answer 1')];
const bob = [...hello, user('Bob'), assistant('answer 2')];
const more = [user('more'), assistant('answer 3')];

it.each<[string, Message[], Message[][], number, number]>([
  ['of whoever was answered last', [...bob, user('and now?')], [], 2, 4],
  ['of whoever was answered first', [...ann, user('and now?')], [], 2, 4],
  ['of the last, who has gone on since', [...bob, ...more, user('and now?')], [[user('more')]], 3, 6],
  ['of the first, who has gone on since', [...ann, ...more, user('and now?')], [[user('more')]], 3, 6],
])('the log %s lacks what the other said at once, and goes on behind it', (_, sent, behind, last, count) => {
  const turns = spokenAtOnce(...behind);
  const head = turns.at(-1)?.turn.id ?? '';
  expect(locate(sent, [SEED], byId(turns), head)).toEqual({
    parent: turns[last]?.turn.id,
    count,
    isMerged: true,
  });
});

it.each<[string, Message[], Message[][], number, number]>([
  ['says otherwise what was answered', [...hello, user('Anna')], [], 0, 2],
  ['says the other’s words otherwise', [...ann, user('Bob'), assistant('No.'), user('and now?')], [], 1, 4],
  ['may take back what came since', [...ann, user('and now?')], [[user('more')]], 1, 4],
])('a log that %s has left the conversation there', (_, sent, behind, last, count) => {
  const turns = spokenAtOnce(...behind);
  const head = turns.at(-1)?.turn.id ?? '';
  expect(locate(sent, [SEED], byId(turns), head)).toEqual({ parent: turns[last]?.turn.id, count });
});

it('whoever had read what it leaves out has left it, and so has an agent', () => {
  const path = stored(...[hello, [user('Ann')], [user('Bob')]]);
  const sent = [...hello, user('Bob'), user('and now?')];
  const left = { parent: path[0]?.turn.id, count: 2 };
  expect(locate(sent, [SEED], byId(path), path.at(-1)?.turn.id)).toEqual(left);
  const turns = spokenAtOnce();
  expect(locate([...bob, user('and now?')], [SEED], byId(turns))).toEqual({
    parent: turns[0]?.turn.id,
    count: 2,
  });
});

it('of two that say the same the newer one goes on', () => {
  const [first, second] = stored(hello, [user('Ann'), assistant('answer 1')]) as [OpenedTurn, OpenedTurn];
  const twin = { ...second, turn: { ...second.turn, id: 'twin', version: 3 } };
  const elsewhere = { ...second, turn: { ...second.turn, id: 'elsewhere', version: 4, digests: ['other'] } };
  const turns = byId([first, second, twin, elsewhere]);
  for (const head of ['elsewhere', undefined])
    expect(locate([...ann, user('and now?')], [SEED], turns, head)).toEqual({ parent: 'twin', count: 4 });
});

it('of two that say the same the older one goes on where the log has gone on behind that, and others spoke at once', () => {
  const [first, second, third] = spokenAtOnce() as [OpenedTurn, OpenedTurn, OpenedTurn];
  const twin = { ...first, turn: { ...first.turn, id: 'twin', version: 4 } };
  const sent = [...bob, user('and now?')];
  expect(locate(sent, [SEED], byId([first, second, third, twin]), 'twin')).toEqual({
    parent: third.turn.id,
    count: 4,
    isMerged: true,
  });
});

it('a log that began in the middle is found there, where its beginning may be missing', () => {
  const path = stored(hello, ann.slice(2), bob.slice(2));
  const sent = [...ann.slice(2), user('and now?')];
  const [, eve, last] = path.map(({ turn }) => turn.id);
  expect(locate(sent, [SEED], byId(path), last)).toEqual({ parent: '', count: 0 });
  expect(locate(sent, [SEED], byId(path), last, true)).toEqual({ parent: eve, count: 2, isMerged: true });
  // One word alone may be anybody's.
  const lone = stored(hello, [user('Ann')], bob.slice(2));
  expect(locate([user('Ann'), user('and now?')], [SEED], byId(lone), lone[2]?.turn.id, true)).toEqual({
    parent: '',
    count: 0,
  });
});

it.each([
  ['nothing of an answer', [user('Ann')], 0],
  ['half an answer', [user('Ann'), assistant('ans')], 0],
  ['nothing, and more is said behind it', [user('Ann')], 1],
])('a question that got %s is asked once more', (_, half, more) => {
  const [first, second] = stored(hello, half) as [OpenedTurn, OpenedTurn];
  const path = [first, { ...second, turn: { ...second.turn, status: 'incomplete' as const } }];
  const sent = [...hello, user('Ann'), ...(more ? [user('and now?')] : [])];
  expect(locate(sent, [SEED], byId(path), second.turn.id)).toEqual({
    parent: (more ? second : first).turn.id,
    count: more ? 3 : 2,
  });
});

it('how a client cuts a text into parts makes no other message of it', () => {
  const content = ['he', 'llo'].map((text) => ({ type: 'text' as const, at: '', text }));
  const parts: Message = { role: 'user', at: '', content };
  expect(isSameMessage(parts, user('hello'))).toBe(true);
  expect(isSameMessage(parts, user('hell'))).toBe(false);
  expect(isSameMessage(user('x'), assistant('x'))).toBe(false);
});

it('nor does the white space around what a model says, which a client may cut off', () => {
  const [said, kept] = [assistant('\n\nhello '), assistant('hello')];
  expect(isSameMessage(said, kept)).toBe(true);
  expect(digestOf(SEED, said)).toBe(digestOf(SEED, kept));
  expect(isSameMessage(user('hello '), user('hello'))).toBe(false);
});

/** Counts how often a turn is looked up. */
class Counted extends Map<string, OpenedTurn> {
  lookups = 0;
  override get(id: string): OpenedTurn | undefined {
    this.lookups++;
    return super.get(id);
  }
}

it.each([
  ['another answer each time', (at: number) => `answer ${at}`],
  ['the same answer', () => 'done'],
])('a log in which the same is said a thousand times, with %s, is found in a few looks at each turn', (_, answer) => {
  const turns = stored(
    ...Array.from({ length: 1_000 }, (_, at) => [user('continue'), assistant(answer(at))]),
  );
  const sent = turns.flatMap(({ content }) => content.messages).slice(0, -1);
  const counted = new Counted(byId(turns));
  expect(locate(sent, [SEED], counted, turns.at(-1)?.turn.id)).toEqual({
    parent: turns[998]?.turn.id,
    count: 1_998,
  });
  expect(counted.lookups / turns.length).toBeLessThan(300);
});
