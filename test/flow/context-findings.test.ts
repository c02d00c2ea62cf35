// "The bot forgets" is a finding: from what users and probes hear, before anybody looks.

import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { CLIENT_KEY, chat, rawProvider } from '../helpers/ai.ts';
import { tickedGateway } from '../helpers/ticks.ts';

const sha256 = createHash('sha256').update(CLIENT_KEY).digest('hex');
const SCRIPT = `name: order
steps:
  - { say: "My order number is OR-1234.", plant: { order: OR-1234 } }
  - { ask: "What is my order number?", expect: order }
`;

test('a bot that asks again, in front of users and of a probe, is found, and the model is named', async () => {
  const state = { forgets: false };
  const provider = await rawProvider((response, { body }) => {
    const { messages } = JSON.parse(body.toString()) as { messages: { content: string }[] };
    const isFirst = messages.length === 1;
    const content =
      isFirst || state.forgets ? 'What is your account number, please?' : 'Thank you: OR-1234 is on its way.';
    response.setHeader('content-type', 'application/json');
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
    response.end(JSON.stringify({ id: 'c1', object: 'chat.completion', created: 1, model: 'm', choices }));
  });
  const folder = await mkdtemp(join(tmpdir(), 'probe-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'order.yaml');
  await writeFile(file, SCRIPT);
  const gateway = await tickedGateway({
    consumers: [{ name: 'app', keys: [{ id: 'k1', sha256 }] }],
    context: {
      enabled: true,
      probes: [{ file, model: 'smart', every: '8 * * * *', apiKey: CLIENT_KEY }],
    },
    ai: {
      policies: [{ 'auth-api-key': {} }],
      providers: { p0: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKey: 'none' } },
      models: { smart: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }] } },
    },
  });
  let session = 0;
  const say = (content: string, id: string) =>
    chat(gateway, { model: 'smart', messages: [{ role: 'user', content }] }, { 'x-session-id': id });
  const talk = async (): Promise<void> => {
    const id = `s${session++}`;
    await say('Hello, where is my order?', id);
    await say('My account number is 4711-0815.', id);
    if (state.forgets) await say('I already told you my account number!', id);
  };
  const talks = () => Promise.all([talk(), talk()]);
  await gateway.pass(24, talks);
  state.forgets = true;
  const found = (reasons: readonly string[]) => async () => {
    const { body } = await admin(gateway, '/api/findings?state=active');
    const all = body.findings as { reason: string; title: string; sentence: string }[];
    return all.find(({ reason }) => reasons.includes(reason));
  };
  const heard = await gateway.until(found(['reask', 'said_before']), talks);
  expect(heard).toMatchObject({ detector: 'context', labels: ['context-integrity'] });
  // Eight minutes past the hour it is due.
  const probed = await gateway.until(found(['probe_forgot']), talks, 300);
  expect(probed).toMatchObject({ labels: ['context-integrity'] });
  expect(probed.sentence).toContain('smart');
});
