import { expect, it } from 'vitest';
import { servesMany } from '../../../src/config/serves-many.ts';

const slotOf = (policy: string) => (policy.startsWith('auth-') ? 'identify' : 'inspect');
const many = (consumers: number, ...policies: object[]): boolean =>
  servesMany(
    { consumers: Array.from({ length: consumers }, () => ({})), ai: { policies } } as unknown as Parameters<
      typeof servesMany
    >[0],
    slotOf,
  );

it('several consumers are those of the config, and whoever a token or a policy of one’s own may name', () => {
  expect(many(0)).toBe(false);
  expect(many(1, { 'auth-api-key': {} }, { redact: {} })).toBe(false);
  expect(many(1, { 'auth-any': [{ 'auth-basic': {} }, { 'auth-mtls': {} }] })).toBe(false);
  expect(many(2, { 'auth-api-key': {} })).toBe(true);
  expect(many(0, { 'auth-jwt': {} })).toBe(true);
  expect(many(1, { 'auth-any': [{ 'auth-api-key': {} }, { 'auth-jwt': {} }] })).toBe(true);
  expect(many(1, { 'auth-of-ours': {} })).toBe(true);
});
