import { createHash } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';

const json = { 'content-type': 'application/json' };
/** Names of each kind; more than the 1,000 that a label has at most. METRIC_NAMES=10000 for the field's own figure. */
const NAMES = Number(process.env.METRIC_NAMES ?? 1_100);
/** Of what is never a label's value one would be one too many. */
const UNSEEN = Number(process.env.METRIC_NAMES ?? 100);
const AT_ONCE = 16;
/** Values of a label, `__other` among them. */
const MOST = 1_001;

async function each(work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < NAMES) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

it('whatever models, methods, paths, subjects and tools clients send, /metrics stays as large as it is', async () => {
  const up = await backend((_request, response) => response.end('ok'));
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' };
  const [issuer, audience] = ['https://id.example.com/', 'shop'];
  const key = 'key-of-the-shop';
  const sha256 = createHash('sha256').update(key).digest('hex');
  const gateway = await testGateway({
    server: { http2: true },
    consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256 }] }],
    upstreams: { up: { targets: [{ url: up.url }] } },
    routes: [
      {
        name: 'old',
        match: { path: '/old' },
        upstream: 'up',
        policies: [
          {
            'auth-any': [{ 'auth-jwt': { issuer, audience, jwks: { keys: [jwk] } } }, { 'auth-api-key': {} }],
          },
          { lifecycle: { deprecated: '2026-01-01T00:00:00Z' } },
          { 'rate-limit': { limit: 1, window: '1h', per: 'route' } },
        ],
      },
    ],
    ai: {
      providers: { one: { kind: 'openai', baseUrl: `${up.url}/v1`, apiKey: 'k' } },
      models: { known: { targets: [{ provider: 'one', model: 'm' }] } },
    },
    mcp: {
      servers: {
        any: {
          url: `${up.url}/mcp`,
          allow: [{ anyone: true, tools: ['*'] }],
          pin: 'off',
          revisions: ['2025-11-25'],
        },
      },
    },
  });
  const session = connectHttp2(gateway.url);
  onTestFinished(() => session.destroy());
  const ask = (head: Record<string, string>, body?: string): Promise<void> =>
    new Promise((resolve) => {
      session
        .request(head)
        .on('error', () => undefined)
        .once('close', resolve)
        .resume()
        .end(body);
    });
  await each(async (i) => {
    const token = await new SignJWT({ iss: issuer, aud: audience, sub: `subject-${i}` })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
      .setExpirationTime('1h')
      .sign(privateKey);
    await ask({ ':path': '/old', authorization: `Bearer ${token}` });
    const call = { method: 'tools/call', params: { name: `tool-${i}`, arguments: {} } };
    await ask(
      { ':path': '/mcp/any', ':method': 'POST', 'content-type': 'application/json' },
      JSON.stringify({ jsonrpc: '2.0', id: i, ...call }),
    );
    if (i >= UNSEEN) return;
    await ask({ ':path': `/path-${i}`, ':method': `METHOD-${i}` });
    await ask({ ':path': `/path-${i}`, 'x-request-id': `request-${i}` });
    await ask(
      { ':path': '/v1/chat/completions', ':method': 'POST', 'content-type': 'application/json' },
      JSON.stringify({ model: `model-${i}`, messages: [{ role: 'user', content: 'hello' }] }),
    );
  });
  const page = (await (await fetch(`${gateway.adminUrl}/metrics`)).text()).split('\n');
  expect(page.filter((line) => /METHOD-|path-\d|model-\d|request-\d/.test(line))).toEqual([]);
  const series = new Map<string, number>();
  for (const line of page) {
    const name = /^(\w+)\{/.exec(line)?.[1];
    if (name !== undefined) series.set(name, (series.get(name) ?? 0) + 1);
  }
  const ofNames = /"jwt:subject-|"tool-|gen_ai_tool_name="__other"/;
  // The one that the limit lets through may be the one too many.
  for (const name of [
    'gateway_rate_limited_total',
    'gateway_deprecated_requests_total',
    'mcp_server_operation_duration_seconds_count',
  ])
    expect([MOST, MOST - 1], name).toContain(series.get(name));
  // Of everything else there is as much as without them.
  const others = page.filter((line) => !ofNames.test(line) && !line.startsWith('#'));
  expect(others.length).toBeLessThan(500);
  expect(await gateway.metric('gateway_deprecated_requests_total')).toBe(NAMES);
  expect(await gateway.metric('gateway_deprecated_requests_total', { consumer: '__other' })).toBe(
    NAMES - 1_000,
  );
  // Whom the config names is no stranger, though it comes last.
  await ask({ ':path': '/old', 'x-api-key': key });
  for (const name of ['gateway_rate_limited_total', 'gateway_deprecated_requests_total'])
    expect(await gateway.metric(name, { consumer: 'shop' }), name).toBe(1);
});

it('models that clients name to a provider in its own words are one target, and nobody’s place', async () => {
  const up = await backend((_request, response) => response.writeHead(404, json).end('{"error":{}}'));
  const gateway = await testGateway({
    ai: {
      providers: { one: { kind: 'openai', baseUrl: `${up.url}/v1`, apiKey: 'k', passthrough: true } },
      models: { known: { targets: [{ provider: 'one', model: 'm' }] } },
    },
  });
  const ask = (path: string, model: string) =>
    fetch(`${gateway.url}/v1${path}`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] }),
    }).then((answer) => answer.text());

  for (let i = 0; i < 20; i++) await ask('/providers/one/chat/completions', `made-up-${i}`);
  await ask('/providers/one/chat/completions', 'm');
  await ask('/chat/completions', 'known');

  const asked = (target: string) => gateway.metric('gateway_upstream_requests_total', { target });
  await eventually(async () => (await asked('one/*')) === 20 && (await asked('one/m')) === 2);
  const page = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(page.split('\n').filter((line) => line.includes('made-up'))).toEqual([]);
  // The record says what was asked.
  expect(gateway.lines.filter(({ target }) => String(target).startsWith('one/made-up'))).toHaveLength(20);
});
