// A history that is written turn by turn, with what was written of its beginning before, is the one that is written at once.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { convertMessages } from '../../../src/ai/dialects/anthropic-messages/convert-messages.ts';
import { writeHistory } from '../../../src/ai/memory/write-history.ts';
import type { PathTurn } from '../../../src/context/ports.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import { writeJson } from '../../../src/lib/written-json.ts';

const text = (said: string) => ({ type: 'text' as const, at: '', text: said });
const user = (said: string): Message => ({ role: 'user', at: '', content: [text(said)] });
const assistant = (said: string): Message => ({ role: 'assistant', at: '', content: [text(said)] });
const call = (id: string): Message => ({
  role: 'assistant',
  at: '',
  content: [{ type: 'tool-call', at: '', id, name: 'look', arguments: '{}' }],
});
const result = (id: string): Message => ({
  role: 'tool',
  at: '',
  content: [{ type: 'tool-result', at: '', id, name: '', content: [text('sunny')] }],
});
const thought: Message = {
  role: 'assistant',
  at: '',
  content: [{ type: 'reasoning', at: '', text: 'Hm.', signature: 'sig' }, text('Well.')],
};

/** What turns may say: whole ones, some without an answer, calls with results, words put there by hand. */
const WAYS: readonly ((at: number) => Message[])[] = [
  (at) => [user(`q${at}`), assistant(`a${at}`)],
  (at) => [user(`q${at}`), assistant(`a${at}`)],
  (at) => [user(`q${at}`)],
  (at) => [user(`q${at}`), call(`c${at}`), result(`c${at}`), assistant('It is.')],
  (at) => [call(`c${at}`), result(`c${at}`), assistant('It is.')],
  () => [assistant('By the way.')],
  () => [],
];

const pathTurn = (messages: Message[], at: number): PathTurn => ({
  id: `t${at}`,
  version: at + 1,
  at: 0,
  tokens: 1,
  messages,
  system: undefined,
  turn: { provider: 'p0' } as PathTurn['turn'],
});

function written(format: FormatName, turns: readonly PathTurn[]): unknown {
  const list = format === 'openai-responses' ? 'input' : 'messages';
  const shape = { summary: '', system: [], turns, snippets: '', journey: '' };
  const history = { shape, tail: undefined, provider: 'p0', thoughts: 'none' as const };
  const { body } = writeHistory(format, { model: 'm', [list]: [{ role: 'user', content: 'now' }] }, history);
  return JSON.parse(writeJson(body, list).toString());
}

it.each(['openai-chat', 'openai-responses', 'anthropic-messages'] as const)('in %s', (format) => {
  const ways = fc.array(fc.constantFrom(...WAYS), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(ways, fc.boolean(), (said, isSigned) => {
      const all = said.map((way, at) => pathTurn(way(at), at));
      if (isSigned) all.push(pathTurn([user('think'), thought], all.length));
      for (let end = 1; end <= all.length; end++)
        expect(written(format, all.slice(0, end))).toEqual(
          written(format, structuredClone(all.slice(0, end))),
        );
    }),
    { numRuns: 50 },
  );
});

it('in messages what somebody says in a row is one message, also across turns', () => {
  const ways = fc.array(fc.constantFrom(...WAYS), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(ways, (said) => {
      const all = said.map((way, at) => pathTurn(way(at), at));
      const { messages } = written('anthropic-messages', all) as { messages: unknown[] };
      expect(messages.slice(0, -1)).toEqual(convertMessages(all.flatMap((turn) => turn.messages)));
    }),
  );
});
