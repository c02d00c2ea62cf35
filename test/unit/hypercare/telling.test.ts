import { expect, test, vi } from 'vitest';
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

test('a run that was under way when leading began anew says nothing more of what it knew before', async () => {
  const posted: string[] = [];
  const answered = Promise.withResolvers<void>();
  const kept = new Map<string, unknown>();
  const telling = new Telling({
    documents: {
      list: async () => [...kept].map(([id, value]) => ({ id, value })),
      put: async (_: string, id: string, value: unknown) => void kept.set(id, value),
    } as never,
    log: { warn: () => undefined } as never,
    outbound: {
      fetch: async (_: unknown, { body }: { body: string }) => {
        posted.push(JSON.parse(body).data.id);
        await answered.promise;
        return new Response('{}');
      },
      lookup: undefined,
    } as never,
    now: () => 1,
    notify: () =>
      [{ kind: 'webhook', name: 'ops', url: 'http://127.0.0.1:9/', secret: '', priorities: ['P1'] }] as never,
    onDead: () => undefined,
    onAlive: () => undefined,
  });
  const found = (id: string) =>
    ({ ...detection(), id, state: 'open', priority: 'P1', history: [], actions: [] }) as unknown as Finding;
  const findings = [found('f2'), found('f1')];
  const run = telling.run(findings);
  await vi.waitFor(() => expect(posted).toEqual(['f1']), { timeout: 30_000 });
  telling.forget();
  // Meanwhile another led, and told of it.
  const known = { finding: 'f2', channel: 'ops', state: 'open', priority: 'P1', attempts: 0, notBefore: 0 };
  kept.set('f2 ops', known);
  answered.resolve();
  await run;
  await telling.run(findings);
  expect(posted).toEqual(['f1']);
});
