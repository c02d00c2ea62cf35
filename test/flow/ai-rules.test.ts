// When nobody can answer, rules do: in the client's own format, whole or streamed, and it costs nothing.
import { expect, it } from 'vitest';
import {
  aiGateway,
  anthropicSdk,
  asAnthropic,
  chat,
  errorOf,
  hello,
  lineOf,
  modelService,
  rawProvider,
  sdk,
} from '../helpers/ai.ts';

const RULES = {
  'last-resort': {
    rules: [
      { when: 'refund|money back', reply: 'Refunds take 3 to 5 working days.' },
      { reply: 'A person will write to you.' },
    ],
  },
  picky: { rules: [{ when: '^never$', reply: 'no' }] },
};
const models = (fallback = 'last-resort') => ({
  ...RULES,
  support: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }], fallback: [fallback] },
});
const down = () =>
  rawProvider((response) =>
    response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"down"}}'),
  );
const said = (content: string) => ({ model: 'support', messages: [{ role: 'user' as const, content }] });

it('the openai SDK reads the reply, whole and streamed', async () => {
  const gateway = await aiGateway([await down()], { models: models() });

  const whole = await sdk(gateway).chat.completions.create(said('Where is my REFUND?'));
  expect(whole.choices[0]).toMatchObject({
    message: { role: 'assistant', content: 'Refunds take 3 to 5 working days.' },
    finish_reason: 'stop',
  });
  const stream = await sdk(gateway).chat.completions.create({ ...said('Hello?'), stream: true });
  let text = '';
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
  expect(text).toBe('A person will write to you.');

  const response = await sdk(gateway).responses.create({ model: 'support', input: 'my money back!' });
  expect(response.output_text).toBe('Refunds take 3 to 5 working days.');
});

it('so does @anthropic-ai/sdk', async () => {
  const gateway = await aiGateway([await down()], { models: models() });

  const whole = await anthropicSdk(gateway).messages.create({ ...said('a refund, please'), max_tokens: 50 });
  expect(whole.content).toEqual([expect.objectContaining({ text: 'Refunds take 3 to 5 working days.' })]);
  expect(whole.stop_reason).toBe('end_turn');
  const streamed = await anthropicSdk(gateway)
    .messages.stream({ ...said('Hello?'), max_tokens: 50 })
    .finalText();
  expect(streamed).toBe('A person will write to you.');
});

it('a guard that changes a streamed reply leaves it a stream', async () => {
  const reply = 'Write to help@example.org.';
  const gateway = await aiGateway([await down()], {
    models: { ...models('written'), written: { rules: [{ reply }] } },
    policies: [{ redact: { kinds: ['email'] } }],
  });

  const whole = await sdk(gateway).chat.completions.create(said('Hello?'));
  const stream = await sdk(gateway).chat.completions.create({ ...said('Hello?'), stream: true });
  let text = '';
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';

  expect([whole.choices[0]?.message.content, text]).toEqual(['Write to [EMAIL].', 'Write to [EMAIL].']);
});

it('the record says so: rules_used, no cost, and how many were asked in vain', async () => {
  const gateway = await aiGateway([await down()], { models: models() });

  const answer = await chat(gateway, said('Hello?'));

  expect(answer.headers).toMatchObject({
    'x-gateway-target': 'rules/last-resort',
    'x-gateway-attempts': '1',
  });
  const line = await lineOf(gateway, answer);
  expect(line).not.toHaveProperty('first_token_ms');
  expect(line).toMatchObject({
    status: 200,
    outcome: 'rules_used',
    fallback: 'last-resort',
    provider: 'rules',
    usd: 0,
    failed_attempts: ['p0/gpt-4o-mini 503'],
  });
  expect(await gateway.metric('gateway_ai_outcomes_total', { outcome: 'rules_used' })).toBe(1);
  expect(await gateway.metric('gateway_ai_cost_usd_total')).toBe(0);
});

it('they come last, wherever they stand in the chain', async () => {
  const gateway = await aiGateway([await down(), await modelService()], {
    models: {
      ...RULES,
      support: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }], fallback: ['last-resort', 'backup-1'] },
    },
  });

  expect((await chat(gateway, said('Hello'))).headers['x-gateway-target']).toBe('p1/gpt-4o-mini');
});

it('without a rule that fits, the failure stands', async () => {
  const gateway = await aiGateway([await down()], { models: models('picky') });

  const answer = await chat(gateway, said('Hello'));
  expect(answer.status).toBe(503);
  expect(errorOf(answer).message).toBe('down');
});

it('a model that is rules may be asked itself; embeddings are nothing that rules could give', async () => {
  const gateway = await aiGateway([await down()], { models: models() });

  const direct = await chat(gateway, { ...hello(), model: 'last-resort' });
  expect(direct.body.toString()).toContain('A person will write to you.');
  expect(await lineOf(gateway, direct)).toMatchObject({ outcome: 'rules_used' });

  const vector = { model: 'last-resort', input: 'Hello' };
  const refused = await chat(gateway, vector, {}, '/v1/embeddings');
  expect(refused.status).toBe(400);
  expect(errorOf(refused).code).toBe('endpoint_not_supported');
});

it('they do not hide what none of the models could be asked', async () => {
  const service = await modelService();
  const gateway = await aiGateway([asAnthropic(service)], { models: models() });

  const refused = await chat(gateway, { ...said('Hello?'), seed: 7 });

  expect([refused.status, errorOf(refused)]).toMatchObject([
    400,
    { code: 'field_not_supported', param: 'seed' },
  ]);
  expect(service.stats.requests).toBe(0);
});
