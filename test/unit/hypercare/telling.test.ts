import { expect, test } from 'vitest';
import { Telling } from '../../../src/hypercare/channels/telling.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';
import { detection } from '../../helpers/told-engine.ts';

test('a channel that takes nothing is dead until it is taken out', async () => {
  const said: string[] = [];
  let now = 0;
  let notify = [
    { kind: 'webhook', name: 'ops', url: 'http://127.0.0.1:9/hook', secret: '', priorities: ['P1'] },
  ];
  const telling = new Telling({
    documents: { list: async () => [], put: async () => undefined } as never,
    log: { warn: () => undefined } as never,
    outbound: { fetch: async () => new Response('', { status: 503 }), lookup: undefined as never },
    now: () => now,
    notify: () => notify as never,
    onDead: (channel) => said.push(`${channel} is dead`),
    onAlive: (channel) => said.push(`${channel} is alive`),
  });
  const found = { ...detection(), id: 'f1', state: 'open', priority: 'P1', history: [], actions: [] };
  const round = async (): Promise<void> => {
    now += 3_600_000;
    await telling.run([found as unknown as Finding]);
  };
  for (let attempt = 0; attempt < 6; attempt++) await round();
  expect(said).toEqual(['ops is dead']);
  notify = [];
  await round();
  await round();
  expect(said).toEqual(['ops is dead', 'ops is alive']);
});
