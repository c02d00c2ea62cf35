// When several models fail, when one can't be called, when the client has gone meanwhile.
import type { ServerResponse } from 'node:http';
import { request } from 'node:http';
import { expect, it } from 'vitest';
import {
  aiGateway,
  CLIENT_KEY,
  chat,
  errorOf,
  hello,
  lineOf,
  modelService,
  rawProvider,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

const json = { 'content-type': 'application/json' };
const refusal =
  (status: number, code: string, headers: Record<string, string> = json) =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end(JSON.stringify({ error: { message: 'no', code } }));
const reset = (response: ServerResponse) => void response.socket?.resetAndDestroy();

const providers = (...answers: ((response: ServerResponse) => void)[]) =>
  Promise.all(answers.map(rawProvider));

it('when all fail, the client gets the last refusal in a provider’s own words', async () => {
  const gateway = await aiGateway(
    await providers(
      refusal(500, 'first'),
      refusal(429, 'second', { ...json, 'retry-after': '9' }),
      refusal(503, 'page', { 'content-type': 'text/html' }),
      reset,
    ),
  );

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(429);
  expect(errorOf(answer).code).toBe('second');
  expect(answer.headers).toMatchObject({
    'retry-after': '9',
    'x-gateway-target': 'p1/gpt-4o-mini',
    'x-gateway-attempts': '4',
  });
  const line = await lineOf(gateway, answer);
  expect(line).toMatchObject({
    reason: 'upstream_4xx',
    upstream: 'p1',
    provider: 'p1',
    failed_attempts: [
      'p0/gpt-4o-mini 500',
      'p1/gpt-4o-mini 429',
      'p2/gpt-4o-mini 503',
      'p3/gpt-4o-mini upstream_reset',
    ],
  });
  for (const billed of ['usd', 'tokens_in', 'usage_source', 'fallback'])
    expect(line).not.toHaveProperty(billed);
  expect(await gateway.metric('gateway_fallbacks_total')).toBe(0);
  expect(await gateway.metric('gateway_upstream_requests_total')).toBe(4);
  expect(await gateway.metric('gen_ai_client_token_usage_count')).toBe(0);
});

it('when all fail and none said why, the client gets the last failure', async () => {
  const gateway = await aiGateway(await providers(refusal(401, 'key'), reset, refusal(403, 'region')));

  const answer = await chat(gateway, hello(true));

  expect(answer.status).toBe(502);
  expect(answer.headers['content-type']).toBe('application/json');
  expect(errorOf(answer)).toMatchObject({ code: 'provider_auth_failed', type: 'server_error', param: null });
  expect(await lineOf(gateway, answer)).toMatchObject({
    status: 502,
    attempts: 3,
    reason: 'provider_auth_failed',
  });
});

it('a redirect is not followed', async () => {
  const [elsewhere] = await providers(refusal(200, 'never'));
  const [primary] = await providers((response) =>
    response.writeHead(302, { location: `${elsewhere?.url}/v1/chat/completions` }).end(),
  );
  const gateway = await aiGateway([primary as { url: string }]);

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(502);
  expect(errorOf(answer).code).toBe('provider_invalid_answer');
  expect(answer.headers.location).toBeUndefined();
  expect(elsewhere?.taken).toEqual([]);
  expect(await lineOf(gateway, answer)).toMatchObject({ detail: 'the provider redirects (302)' });
});

it('nobody is asked any more when the client has gone', async () => {
  const [slow, next] = await providers(() => undefined, reset);
  const gateway = await aiGateway([slow as { url: string }, next as { url: string }]);
  const asked = request(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CLIENT_KEY}`, ...json },
  });
  asked.on('error', () => undefined);
  asked.end(JSON.stringify(hello()));
  await eventually(() => slow?.taken.length === 1);

  asked.destroy();

  const line = await gateway.accessLine(({ route }) => route === 'ai');
  expect(line).toMatchObject({ status: 499, reason: 'client_cancelled', attempts: 1 });
  expect(next?.taken).toEqual([]);
});

it('targets of a model take turns by their weight', async () => {
  const [a, b] = await Promise.all([modelService('a'), modelService('b')]);
  const targets = [
    { provider: 'p0', model: 'gpt-4o-mini', weight: 3 },
    { provider: 'p1', model: 'gpt-4o-mini', weight: 1, version: 'blue' },
    { provider: 'p1', model: 'gpt-4o', weight: 0 },
  ];
  const gateway = await aiGateway([a, b], { models: { mixed: { targets } } });

  for (let i = 0; i < 8; i++) expect((await chat(gateway, { ...hello(), model: 'mixed' })).status).toBe(200);

  expect([a.stats.requests, b.stats.requests]).toEqual([6, 2]);
  expect(await gateway.accessLine(({ version }) => version === 'blue')).toMatchObject({
    target: 'p1/gpt-4o-mini',
  });
});
