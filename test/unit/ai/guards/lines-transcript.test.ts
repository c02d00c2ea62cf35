// A transcript whose lines are an object of JSON each is read as what they say, and stays that.
import { expect, it } from 'vitest';
import { guardedTranscript } from '../../../../src/ai/guards/guarded-transcript.ts';
import { GatewayError } from '../../../../src/errors/gateway-error.ts';

const hide = (text: string): string => text.replaceAll('cod', '[X]').replaceAll('4711', '[N]');
const forbid = (text: string): string => {
  if (text.includes('cod')) throw new GatewayError('content_filtered');
  return text;
};
const escaped = String.raw`{ "text" : "a \u0063od", "at": 4711 }`;

it('what an escape hides is found, a number stays one, and a line in which nothing is found stays as it was written', () => {
  expect(guardedTranscript(`${escaped}\n{ "text": "swims" , "at":1.50}\n`, hide)).toBe(
    '{"text":"a [X]","at":4711}\n{ "text": "swims" , "at":1.50}\n',
  );
  expect(guardedTranscript(`${escaped}\r\n\r\n{"x":1}`, hide)).toBe(
    '{"text":"a [X]","at":4711}\r\n\r\n{"x":1}',
  );
  expect(() => guardedTranscript(`{"x":1}\n${escaped}`, forbid)).toThrow(GatewayError);
});

it('what begins in one line and ends in the next is found', () => {
  const lines = (...said: object[]) => said.map((each) => JSON.stringify(each)).join('\n');
  const hideAll = (text: string): string => text.replaceAll('red cod', '[X]');
  expect(
    guardedTranscript(lines({ text: 'a red', words: ['red'] }, { text: 'cod swims', tokens: [1] }), hideAll),
  ).toBe(lines({ text: 'a [X]' }, { text: 'swims' }));
  // A word may be cut as well.
  expect(guardedTranscript(lines({ delta: 'a c' }, { delta: 'od' }, { usage: 3 }), hide)).toBe(
    lines({ delta: 'a [X]' }, { delta: '' }, { usage: 3 }),
  );
});

it('what else the lines say is read, too', () => {
  expect(guardedTranscript('{"text":"a","by":["cod"]}\n{"note":"cod"}', hide)).toBe(
    '{"text":"a","by":["[X]"]}\n{"note":"[X]"}',
  );
});

it('where a line is none, all of it is a text', () => {
  expect(guardedTranscript('{"text":"a cod"}\nand 4711', hide)).toBe('{"text":"a [X]"}\nand [N]');
  expect(guardedTranscript('a cod\n{"at":4711}', hide)).toBe('a [X]\n{"at":[N]}');
});

it('whatever a string is called, and a number that somebody may be known by, is read', () => {
  const mine = (text: string): string => text.replaceAll(/[a-z]+@[a-z.]+|4111111111111111/g, '[X]');
  const lines =
    '{"name":"jane@example.com","id":"j@x.org","text":"hi"}\n{"card":[4111111111111111],"at":12.5}';
  expect(guardedTranscript(lines, mine)).toBe(
    '{"name":"[X]","id":"[X]","text":"hi"}\n{"card":["[X]"],"at":12.5}',
  );
});
