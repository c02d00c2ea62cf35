import { expect, it } from 'vitest';
import { tryOut } from '../../../src/hypercare/actions/prepare.ts';

it('of a finding’s patch only its values are known: what it moves or copies may be a secret', async () => {
  const written: unknown[] = [];
  const config = { revise: async (change: { written: string | null }) => void written.push(change.written) };
  const patch = [
    { op: 'copy' as const, from: '/ai/providers/p/apiKey', path: '/ai/providers/q/apiKey' },
    { op: 'replace' as const, path: '/ai/providers/q/baseUrl', value: 'http://b.test' },
  ];

  const { ok } = await tryOut({ patch, call: null }, { config: config as never, live: {} as never });

  expect(ok).toBe(true);
  expect(written).toEqual(['[null,"http://b.test"]']);
});
