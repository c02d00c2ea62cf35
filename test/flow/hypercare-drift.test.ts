import { expect, onTestFinished, test } from 'vitest';
import type { DetectionEvent } from '../../src/contracts/finding.ts';
import { chat, PROVIDER_KEY, rawProvider } from '../helpers/ai.ts';
import { tickedGateway } from '../helpers/ticks.ts';

const ENGLISH = 'What is the price of the red shoes, and how long does it take?';
const GERMAN = 'Wie lange dauert die Lieferung, und was kostet das?';

const answerOf = (tool: string): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-4o-mini',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call-1', type: 'function', function: { name: tool, arguments: '{}' } }],
        },
        finish_reason: 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
  });

test('users who begin to write in another language, and a model that begins to call another tool, are findings of their own', async () => {
  let tool = 'search';
  const provider = await rawProvider((response) => {
    response.setHeader('content-type', 'application/json');
    response.end(answerOf(tool));
  });
  const gateway = await tickedGateway({
    // How slow a call is, is the machine's to say: a busy one's would be findings too, and what begins with them theirs.
    hypercare: {
      enabled: true,
      tick: '10s',
      objectives: [{ name: 'smart', model: 'smart', latency: { p50: '60s', p95: '60s', p99: '60s' } }],
    },
    ai: {
      providers: { p: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKey: PROVIDER_KEY } },
      models: { smart: { targets: [{ provider: 'p', model: 'gpt-4o-mini' }] } },
    },
  });
  const seen: DetectionEvent[] = [];
  onTestFinished(gateway.engine?.onDetection((event) => seen.push(event)) ?? (() => undefined));
  let asked = ENGLISH;
  let count = 0;
  const traffic = async (): Promise<void> => {
    for (let user = 0; user < 12; user++)
      await chat(
        gateway,
        { model: 'smart', messages: [{ role: 'user', content: `${asked} ${count++}` }] },
        { 'x-user-id': `user-${user}` },
      );
  };
  const opened = (reason: string) => () =>
    seen.find(({ kind, detection }) => kind === 'opened' && detection.reason === reason)?.detection;

  await gateway.pass(50, traffic);
  expect(seen).toEqual([]);
  asked = GERMAN;
  expect(await gateway.until(opened('language'), traffic)).toMatchObject({
    detector: 'drift',
    where: { scopes: [{ model: 'smart' }] },
    cause: { kind: 'client' },
    why: { sentence: expect.stringContaining('german') },
  });
  // What begins within three minutes is one matter.
  await gateway.pass(18, traffic);
  tool = 'refund';
  expect(await gateway.until(opened('tool_mix'), traffic)).toMatchObject({
    detector: 'drift',
    why: { sentence: expect.stringContaining('refund') },
  });
});
