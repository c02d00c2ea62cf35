import { expect, it } from 'vitest';
import { correctedSummary } from '../../../src/context/corrected-summary.ts';
import type { OpenedTurn } from '../../../src/context/path.ts';
import { draft } from '../../conformance/session-drafts.ts';
import { assistant, user } from './conversations.ts';

const SUMMARY = { epoch: 1, covered: 4, tokens: 10, content: '{"text":"What was said."}' };

/** A session whose first question was edited: 1, and 2 to 5 on the other path. */
function session() {
  const turns = new Map<string, OpenedTurn>();
  const add = (parent: string, said: string, supersedes = ''): string => {
    const { content: _, ...turn } = draft(said, { supersedes });
    const version = turns.size + 1;
    const place = { version, at: version, parent, staleBase: false, hash: '' };
    turns.set(turn.id, {
      turn: { ...turn, ...place },
      content: { messages: [user('?'), assistant(said)] },
    });
    return turn.id;
  };
  const away = add('', 'edited away');
  const path = [add('', 'two')];
  for (const said of ['three', 'four', 'five']) path.push(add(path.at(-1) as string, said));
  return { turns, add, away, path };
}

it('a summary says what was put right of its turns since, and of no others', async () => {
  const { turns, add, away, path } = session();
  const [two = '', , four = '', five = ''] = path;
  let reads = 0;
  const shown = async () => {
    const atHand = new Map([...turns].filter(([, { turn }]) => turn.version > SUMMARY.covered));
    const every = async () => {
      reads++;
      return new Map(turns);
    };
    // Later turns of a conversation find it at hand.
    const first = await correctedSummary(SUMMARY, four, atHand, every);
    expect(await correctedSummary(SUMMARY, four, atHand, every)).toEqual(first);
    return first;
  };
  expect([await shown(), reads]).toEqual([SUMMARY, 0]);
  add(five, 'five, put right', five);
  expect([await shown(), reads]).toEqual([SUMMARY, 0]);
  add(five, 'edited away, put right', away);
  expect([await shown(), reads]).toEqual([SUMMARY, 1]);
  // On no path that goes on from the fifth turn, and put right once more.
  const once = add(five, 'two, put right', two);
  add(five, 'two, put right again', once);
  const { content, tokens } = await shown();
  expect(JSON.parse(content)).toEqual({
    text: 'What was said.\nPut right since, by a person, in the answer of turn 2: two, put right again',
  });
  expect([tokens > SUMMARY.tokens, reads]).toEqual([true, 2]);
});
