import { expect, it } from 'vitest';
import { holdsDropped } from '../../../src/ai/dropped.ts';

it('a field that is dropped is one of the request, and not a word in it', () => {
  const holds = (body: object, ...drop: string[]): boolean =>
    holdsDropped(Buffer.from(JSON.stringify(body)), drop);
  expect(holds({ messages: [{ role: 'user', content: 'user' }] }, 'user')).toBe(false);
  expect(holds({ messages: [], user: 'ann' }, 'user')).toBe(true);
  expect(holds({ metadata: { user_id: 'ann' } }, 'metadata.user_id')).toBe(true);
});
