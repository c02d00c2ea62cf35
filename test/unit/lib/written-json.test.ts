import { expect, it } from 'vitest';
import { WrittenJson, writeJson } from '../../../src/lib/written-json.ts';

const written = (value: unknown): WrittenJson => new WrittenJson([value]);
const writeText = (...given: Parameters<typeof writeJson>): string => writeJson(...given).toString();

it('what was written before stands as it is, in its place of the list', () => {
  const said = { role: 'user', content: 'ä "quoted" \u2028' };
  const text = writeText(
    { model: 'm', messages: [{ role: 'system' }, written(said), [1]], n: 2 },
    'messages',
  );
  expect(JSON.parse(text)).toEqual({ model: 'm', messages: [{ role: 'system' }, said, [1]], n: 2 });
  expect(text.startsWith('{"model":"m",')).toBe(true);
});

it('a list alone, an empty one and none are objects, too', () => {
  expect(writeText({ messages: [written(1)] }, 'messages')).toBe('{"messages":[1]}');
  expect(writeText({ messages: [] }, 'messages')).toBe('{"messages":[]}');
  expect(writeText({ input: 'text' }, 'input')).toBe('{"input":"text"}');
});
