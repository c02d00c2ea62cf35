import { expect, it, onTestFinished } from 'vitest';
import type { KnowledgeEntry } from '../../../src/hypercare/knowledge/entry.ts';
import { Knowledge } from '../../../src/hypercare/knowledge/knowledge.ts';
import { counted } from '../../helpers/counted-documents.ts';

const entry = (number: number, fix: string): KnowledgeEntry => ({
  id: `F20261101-000000-${String(number).padStart(6, '0')}`,
  at: number,
  fingerprint: `errors|${number}`,
  title: `Shop ${number} fails`,
  detector: 'errors',
  category: 'bug',
  labels: [],
  symptom: 'Requests fail.',
  place: `route shop-${number}`,
  cause: { kind: 'release', sentence: 'A release.' },
  fix,
  proof: '',
  notes: [],
  minutesToResolve: 5,
});

it('what another process has learnt is found at once, and only that is read', async () => {
  const { documents, read, close } = await counted();
  onTestFinished(close);
  const knowledge = new Knowledge(documents);
  const learn = (each: KnowledgeEntry) => documents.put('knowledge', each.id, each);
  for (let n = 0; n < 60; n++) await learn(entry(n, n === 7 ? 'rollback' : 'restart'));
  const found = async (words: string) => (await knowledge.search(words)).map(({ at }) => at);

  expect(await found('rollback')).toEqual([7]);
  expect(read()).toBe(60);

  await learn(entry(60, 'rollback'));
  await learn(entry(7, 'throttle'));
  expect(await found('rollback')).toEqual([60]);
  expect(await found('throttle')).toEqual([7]);
  expect((await knowledge.all()).map(({ at }) => at).slice(0, 2)).toEqual([60, 59]);
  expect(read(), 'the new one and the changed one').toBe(2);

  await documents.delete('knowledge', entry(60, '').id);
  expect(await found('rollback')).toEqual([]);
});
