import fc from 'fast-check';
import { messageTokens } from '../../../src/context/prompt/tokens.ts';
import type { SpokenTurn } from '../../../src/context/turn.ts';
import type { Message } from '../../../src/contracts/model-request.ts';

export const user = (text: string): Message => ({
  role: 'user',
  at: '',
  content: [{ type: 'text', at: '', text }],
});
export const assistant = (text: string): Message => ({
  role: 'assistant',
  at: '',
  content: [{ type: 'text', at: '', text }],
});
export const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  at: '',
  content: ids.map((id) => ({ type: 'tool-call', at: '', id, name: 'look_up', arguments: `{"id":"${id}"}` })),
});
export const results = (...ids: string[]): Message => ({
  role: 'tool',
  at: '',
  content: ids.map((id) => ({
    type: 'tool-result',
    at: '',
    id,
    name: 'look_up',
    content: [{ type: 'text', at: '', text: `what ${id} found` }],
  })),
});

/** A turn of these messages; its size is that of what it says unless it is given. */
export const turn = (version: number, messages: Message[], tokens = messageTokens(messages)): SpokenTurn => ({
  id: `t${version}`,
  version,
  at: version * 1000,
  messages,
  tokens,
});

/** Turns of a question and an answer each. */
export const talk = (...pairs: [question: string, answer: string][]): SpokenTurn[] =>
  pairs.map(([question, answer], i) => turn(i + 1, [user(question), assistant(answer)]));

/** What a turn says: plain talk, calls of tools with their results in it, or calls that the next turn brings results to. */
type Shape = { kind: 'talk' | 'tools' | 'open'; words: number; calls: number };

const shapes = (maxLength: number): fc.Arbitrary<Shape[]> =>
  fc.array(
    fc.record<Shape>({
      kind: fc.constantFrom('talk', 'talk', 'tools', 'open'),
      words: fc.integer({ min: 1, max: 120 }),
      calls: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength, size: 'max' },
  );

/**
 * Conversations of any length, with tools called one by one or side by side, within a turn or across two. One of four may be long:
 * to lead it turn by turn takes the square of its length.
 */
export const conversation: fc.Arbitrary<SpokenTurn[]> = fc
  .oneof({ weight: 3, arbitrary: shapes(10) }, { weight: 1, arbitrary: shapes(40) })
  .map((shapes) => {
    let waiting: string[] = [];
    return shapes.map((shape, i) => {
      const version = i + 1;
      const said = `word${version} `.repeat(shape.words);
      const first =
        waiting.length > 0
          ? results(...waiting)
          : user(`my item${version} is V-${version}00${version}. ${said}`);
      const ids = Array.from({ length: shape.calls }, (_, at) => `c${version}-${at}`);
      waiting = shape.kind === 'open' ? ids : [];
      const rest =
        shape.kind === 'talk'
          ? [assistant(said)]
          : shape.kind === 'open'
            ? [calls(...ids)]
            : [calls(...ids), results(...ids), assistant(said)];
      return turn(version, [first, ...rest]);
    });
  });
