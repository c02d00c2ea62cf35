import { expect, it } from 'vitest';
import { targetLabel } from '../../../src/record/target-label.ts';

const of = (model: string | undefined, target: string): string =>
  targetLabel({ ai: model === undefined ? null : ({ model } as never) }, target);

it('a target goes by its name, unless only a client knows its model', () => {
  expect(of(undefined, 'http://a.test:1')).toBe('http://a.test:1');
  expect(of('smart', 'p/gpt-4o')).toBe('p/gpt-4o');
  expect(of('p/*', 'p/whatever-a-client-says')).toBe('p/*');
  expect(of('p/*', 'p/whatever-a-client-says#k1')).toBe('p/*');
  expect(of('p/*', '')).toBe('');
});
