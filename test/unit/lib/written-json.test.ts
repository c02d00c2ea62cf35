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

it('two that go on from one beginning leave each other, and it, as they are', () => {
  const beginning = new WrittenJson(['begins'], written('it'));
  const room = new WrittenJson(['goes on'.repeat(20)], beginning);
  const [one, other] = [new WrittenJson(['x'], room), new WrittenJson(['yy'], room)];
  const listed = (list: WrittenJson): unknown => JSON.parse(writeText({ list: [list] }, 'list'));
  const before = ['it', 'begins', 'goes on'.repeat(20)];
  expect(listed(room)).toEqual({ list: before });
  expect(listed(one)).toEqual({ list: [...before, 'x'] });
  expect(listed(other)).toEqual({ list: [...before, 'yy'] });
  expect(listed(new WrittenJson(['z'], one))).toEqual({ list: [...before, 'x', 'z'] });
});
