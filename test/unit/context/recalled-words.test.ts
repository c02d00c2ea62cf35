// What was recalled is kept without its words: they are found again where they were said.
import { expect, it } from 'vitest';
import { journeyOf, journeyText } from '../../../src/context/journey.ts';
import { passagesOf } from '../../../src/context/memory/passages.ts';
import { arrange, type OpenedTurn } from '../../../src/context/path.ts';
import type { RecalledOf } from '../../../src/context/prompt/build-prompt.ts';
import { recalledWords } from '../../../src/context/recalled-words.ts';
import type { SessionHead } from '../../../src/contracts/session.ts';
import { draft } from '../../conformance/session-drafts.ts';
import { assistant, calls, results, user } from './conversations.ts';

const REF = { tenant: 'app', session: 's1' };
const SENT = { epoch: 0, covered: 0, sent: [], cut: [], tokens: 0, recalledTokens: 0, capacity: 0 };

/** A session; `recalled` adds a turn with everything in it that can be recalled now, or with what is given. */
function session() {
  const turns: OpenedTurn[] = [];
  const add = (messages: OpenedTurn['content']['messages'], more: object = {}): OpenedTurn => {
    const { content: _, ...turn } = draft('', more);
    const version = turns.length + 1;
    const place = { version, at: version, parent: turns.at(-1)?.turn.id ?? '', staleBase: false, hash: '' };
    const opened = { turn: { ...turn, ...place }, content: { messages } };
    turns.push(opened);
    return opened;
  };
  const passages = () =>
    arrange(turns, new Map(turns.map((each) => [each.turn.id, each]))).turns.flatMap((turn) => [
      ...passagesOf(turn),
    ]);
  const recall = (recalled?: RecalledOf[]) => {
    const all = Map.groupBy(passages(), ({ version }) => version);
    const everything = [...all].map(([version, those]) => ({
      version,
      passages: those.length,
      places: those.map(({ place }) => place),
    }));
    const journey = journeyText({ ...SENT, recalled: recalled ?? everything });
    const { turn } = add([user('?'), assistant('!')], { journey });
    return { id: turn.id, texts: [...all.values()].map((those) => those.map(({ text }) => text)) };
  };
  /** What was read, and how the words of a turn's recall are told now. */
  const told = async (id: string) => {
    const read: number[] = [];
    const reader = {
      async *turns(_ref: object, _head: object, { after, to }: { after: number; to: number }) {
        for (const each of turns.slice(after, to)) {
          read.push(each.turn.version);
          yield each;
        }
      },
    };
    const known = turns.map(({ turn }) => ({ turn, content: { messages: [] } }));
    const steps = journeyOf(known).filter((step) => step.id === id);
    const words = await recalledWords(reader, REF, {} as SessionHead, steps, known);
    return { read, texts: steps.flatMap((step) => words(step).map(({ texts }) => texts)) };
  };
  return { turns, add, recall, told };
}

it('a passage is told as it was recalled: its call with its results, and corrected if it was by then', async () => {
  const { add, recall, told } = session();
  add([user('a long word, '.repeat(200)), assistant('Well.')]);
  const called = add([user('How is the weather?'), calls('c1')], { opens: true });
  const early = recall();
  add([results('c1'), assistant('Sunny.')], { resolves: called.turn.id });
  const answer = add([user('Who am I?'), assistant('Ann.')]);
  const before = recall();
  const once = add([user('Who am I?'), assistant('Bob.')], {
    supersedes: answer.turn.id,
    kind: 'correction',
  });
  const after = recall();
  add([user('Who am I?'), assistant('Eve.')], { supersedes: once.turn.id, kind: 'correction' });
  const last = recall();
  for (const { id, texts } of [early, before, after, last]) expect((await told(id)).texts).toEqual(texts);
  expect(before.texts.flat()).toContain('Ann.');
  expect(after.texts.flat()).toContain('Bob.');
  expect(last.texts.flat()).toContain('Eve.');
});

it('nothing is told of what was deleted since, nor of what was kept without places', async () => {
  const { turns, add, recall, told } = session();
  add([user('I am Ann.'), assistant('Well.')]);
  add([user('I am Bob.'), assistant('Well.')]);
  add([user('I am Eve.'), assistant('Well.')]);
  const { id } = recall();
  const [ann, bob] = turns as [OpenedTurn, OpenedTurn];
  turns[0] = { ...ann, content: { messages: [assistant('Well.')], ids: ['msg_1'] } };
  turns[1] = { ...bob, content: { messages: [] } };
  const nothing = [null, null];
  expect((await told(id)).texts).toEqual([nothing, nothing, ['I am Eve.', 'Well.']]);
  expect(await told(recall([{ version: 3, passages: 2 }]).id)).toEqual({ read: [], texts: [[]] });
});

it('of the turns between those that were recalled none is read', async () => {
  const { add, recall, told } = session();
  for (let at = 1; at <= 40; at++) add([user(`I am number ${at}.`), assistant('Well.')]);
  const recalled = [2, 3, 30].map((version) => ({ version, passages: 1, places: [0] }));
  const { read, texts } = await told(recall(recalled).id);
  expect(read).toEqual([2, 3, 30]);
  expect(texts).toEqual([['I am number 2.'], ['I am number 3.'], ['I am number 30.']]);
});
