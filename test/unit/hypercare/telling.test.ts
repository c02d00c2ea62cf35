import { expect, test, vi } from 'vitest';
import { deadChannel } from '../../../src/hypercare/channels/dead-channel.ts';
import { Telling } from '../../../src/hypercare/channels/telling.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';
import { detection } from '../../helpers/told-engine.ts';

const finding = (id: string, change: object = {}): Finding =>
  ({
    ...detection(),
    id,
    state: 'open',
    priority: 'P1',
    history: [],
    actions: [],
    ...change,
  }) as unknown as Finding;

/** Tells one webhook, which answers as `answer` says. */
function ops(answer: () => Promise<Response>) {
  const said: string[] = [];
  const posted: string[] = [];
  const kept = new Map<string, unknown>();
  const state = {
    now: 1,
    notify: [
      { kind: 'webhook', name: 'ops', url: 'http://127.0.0.1:9/hook', secret: '', priorities: ['P1'] },
    ],
  };
  const telling = new Telling({
    documents: {
      list: async () => [...kept].map(([id, value]) => ({ id, value })),
      put: async (_: string, id: string, value: unknown) => void kept.set(id, value),
    } as never,
    log: { warn: () => undefined } as never,
    outbound: {
      fetch: async (_: unknown, { body }: { body: string }) => {
        posted.push(JSON.parse(body).data.id);
        return answer();
      },
      lookup: undefined,
    } as never,
    now: () => state.now,
    notify: () => state.notify as never,
    onDead: (channel) => said.push(`${channel} is dead`),
    onAlive: (channel) => said.push(`${channel} is alive`),
  });
  return { telling, said, posted, kept, state };
}

test('a channel that takes nothing is dead until it is taken out', async () => {
  const { telling, said, state } = ops(async () => new Response('', { status: 503 }));
  const round = async (): Promise<void> => {
    state.now += 3_600_000;
    await telling.run([finding('f1')]);
  };
  for (let attempt = 0; attempt < 6; attempt++) await round();
  expect(said).toEqual(['ops is dead']);
  state.notify = [];
  await round();
  await round();
  expect(said).toEqual(['ops is dead', 'ops is alive']);
});

test('a channel that another process found dead lives when it delivers for the first time, and is over when it is taken out', async () => {
  const { telling, said, state } = ops(async () => new Response('{}'));
  const dead = finding('f0', { ...deadChannel('ops', 'answered 503', 0), priority: 'P4' });
  await telling.run([finding('f1'), dead]);
  await telling.run([finding('f2'), finding('f1')]);
  expect(said).toEqual(['ops is alive']);
  state.notify = [];
  await telling.run([dead]);
  await telling.run([{ ...dead, state: 'expired' }]);
  expect(said).toEqual(['ops is alive', 'ops is alive']);
});

test('a run that was under way when leading began anew says nothing more of what it knew before', async () => {
  const answered = Promise.withResolvers<void>();
  const { telling, posted, kept } = ops(async () => {
    await answered.promise;
    return new Response('{}');
  });
  const findings = [finding('f2'), finding('f1')];
  const run = telling.run(findings);
  await vi.waitFor(() => expect(posted).toEqual(['f1']), { timeout: 30_000 });
  telling.forget();
  // Meanwhile another led, and told of it.
  const told = { finding: 'f2', channel: 'ops', state: 'open', priority: 'P1', attempts: 0, notBefore: 0 };
  kept.set('f2 ops', told);
  answered.resolve();
  await run;
  await telling.run(findings);
  expect(posted).toEqual(['f1']);
});
