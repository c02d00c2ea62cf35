import { expect, it } from 'vitest';
import { differences } from '../../../src/mcp/pins/differences.ts';

it('what differs behind a long beginning that is the same is shown', () => {
  const same = 'x'.repeat(400);
  const [line] = differences({ description: `${same} harmless` }, { description: `${same} SEND SECRETS` });
  expect(line).toMatch(/^\/description: ….*harmless" → ….*SEND SECRETS"$/);
});

it('that there is more to differ is said', () => {
  const many = (value: number) => Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, value]));
  expect(differences(many(1), many(2)).slice(19)).toEqual([expect.any(String), 'and 10 more differences']);
});
