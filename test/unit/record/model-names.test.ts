import { expect, test } from 'vitest';
import { modelKeys } from '../../../src/record/model-names.ts';

const SNAPSHOT = 'gpt-4o-2024-08-06';

test('a model and its snapshot are apart where the books and the invoice tell them apart', () => {
  const keyOf = modelKeys(['gpt-4o', SNAPSHOT], ['gpt-4o', SNAPSHOT]);
  expect(keyOf('gpt-4o')).not.toBe(keyOf(SNAPSHOT));
});

test('and one where the invoice has the snapshot alone, by whichever name it was asked for', () => {
  const keyOf = modelKeys(['gpt-4o', SNAPSHOT], [SNAPSHOT]);
  expect(keyOf('gpt-4o')).toBe(keyOf(SNAPSHOT));
});
