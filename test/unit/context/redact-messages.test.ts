import { expect, test } from 'vitest';
import { redactorOf } from '../../../src/context/privacy/redact-messages.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import { PERSONAL_DATA } from '../../../src/lib/personal-data/index.ts';
import { assistant, user } from './conversations.ts';

const redactor = redactorOf(['email', 'card', 'iban', 'phone'], PERSONAL_DATA);

test('personal data is gone before anything is stored, wherever it stands in a turn', () => {
  const said: Message[] = [
    user('I am ada@example.com, my card is 4111 1111 1111 1111'),
    {
      role: 'assistant',
      at: '',
      content: [
        { type: 'reasoning', at: '', text: 'ada@example.com it is', signature: 'sig' },
        { type: 'tool-call', at: '', id: 'c', name: 'find', arguments: '{"mail":"ada@example.com"}' },
      ],
    },
    {
      role: 'tool',
      at: '',
      content: [
        {
          type: 'tool-result',
          at: '',
          id: 'c',
          name: 'find',
          content: [{ type: 'text', at: '', text: 'IBAN DE89 3704 0044 0532 0130 00, +49 30 901820' }],
        },
      ],
    },
    assistant('Done.'),
  ];
  const stored = JSON.stringify(redactor.messages(said));
  expect(stored).not.toMatch(/ada@|4111|DE89|901820|sig/);
  expect(stored).toContain('I am [EMAIL], my card is [CARD]');
  expect(stored).toContain('IBAN [IBAN], [PHONE]');
  expect(JSON.parse(JSON.stringify(redactor.messages(said)))[1].content[1].arguments).toBe(
    '{"mail":"[EMAIL]"}',
  );
});

test.each([
  ['a number', '{"card":4111111111111111, "of": [1, -2.5e3]}', '{"card":"[CARD]", "of": [1, -2.5e3]}'],
  ['a number that no double holds', '{"id":12345678901234567890123}', '{"id":12345678901234567890123}'],
  [
    'a text in quotes',
    '{"say":"\\"ada@example.com\\" \\u0061da@example.com"}',
    '{"say":"\\"[EMAIL]\\" [EMAIL]"}',
  ],
  ['a name', '{"ada@example.com":{"is": [true, null]}}', '{"[EMAIL]":{"is": [true, null]}}'],
  ['no JSON', '{"mail":"ada@example.com', '{"mail":"[EMAIL]'],
])('what a tool is called with stays what it was: %s', (_, given, left) => {
  const call = { type: 'tool-call' as const, at: '', id: 'c', name: 'find', arguments: given };
  const [message] = redactor.messages([{ role: 'assistant', at: '', content: [call] }]);
  expect(message?.content[0]).toMatchObject({ arguments: left });
});

test('what only looks like a card or an IBAN stays, and so do messages without any', () => {
  const said = [user('Order 4111 1111 1111 1112, GB12WEST12345698765432'), assistant('Noted')];
  const stored = redactor.messages(said);
  expect(stored).toEqual(said);
  expect(stored[1]).toBe(said[1]);
});

test('nothing asked for, nothing changed', () => {
  const said = [user('ada@example.com')];
  expect(redactorOf([], PERSONAL_DATA).messages(said)).toBe(said);
});

test('a pattern of the config finds across white space, in numbers of JSON too, and before the kinds do', () => {
  const patterns = { code: '\\d{4}\\s\\d{4}', pin: '\\b0\\d{3}\\b', inside: '[a-z]+@inside\\.example' };
  const { text, messages } = redactorOf(['email'], PERSONAL_DATA, patterns);
  expect(text('It is 4711\n0815, of ada@inside.example and bob@example.org')).toBe(
    'It is [CODE], of [INSIDE] and [EMAIL]',
  );
  const call = {
    type: 'tool-call' as const,
    at: '',
    id: 'c',
    name: 'find',
    arguments: '{"pin":"0815","of":1}',
  };
  const [message] = messages([{ role: 'assistant', at: '', content: [call] }]);
  expect(message?.content[0]).toMatchObject({ arguments: '{"pin":"[PIN]","of":1}' });
});
