// Vertex AI: one provider, two families of models, and tokens that are fetched with a service account and renewed.
import type { ServerResponse } from 'node:http';
import { exportPKCS8, exportSPKI, generateKeyPair, importSPKI, jwtVerify } from 'jose';
import { expect, it } from 'vitest';
import { AccessToken } from '../../src/ai/providers/vertex/access-token.ts';
import {
  aiGateway,
  anthropicSdk,
  chat,
  errorOf,
  hello,
  lineOf,
  modelService,
  rawProvider,
  sdk,
} from '../helpers/ai.ts';
import { testGateway } from '../helpers/gateway.ts';

const GEMINI = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hi!' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 },
};
const CLAUDE = {
  id: 'm1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'Hi!' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 3, output_tokens: 1 },
};

const JSON_TYPE = { 'content-type': 'application/json' };
const VECTORS = {
  predictions: [1, 2].map((value) => ({
    embeddings: { values: [value, 0.5], statistics: { truncated: false, token_count: 3 } },
  })),
};

async function serviceAccount() {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const key = JSON.stringify({
    type: 'service_account',
    client_email: 'gateway@proj.iam.example',
    private_key_id: 'k1',
    private_key: await exportPKCS8(privateKey),
    // Not asked: the key goes where the config says.
    token_uri: 'http://127.0.0.1:1/evil',
  });
  return { key, publicKey: await importSPKI(await exportSPKI(publicKey), 'RS256') };
}

/** Google's token service. */
async function tokenService(expiresIn: unknown = 3600, status = 200) {
  let count = 0;
  return rawProvider((response) => {
    const body =
      status === 200 ? { access_token: `token-${++count}`, expires_in: expiresIn } : { error: 'no' };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}

async function setUp(credentials: object) {
  const paths: string[] = [];
  const provider = await rawProvider((response, _taken, message) => {
    paths.push(message.url ?? '');
    const isPredicted = message.url?.endsWith(':predict');
    const answer = isPredicted ? VECTORS : message.url?.includes('anthropic') ? CLAUDE : GEMINI;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  const gateway = await testGateway({
    ai: {
      providers: { google: { kind: 'vertex', baseUrl: `${provider.url}/v1/here`, ...credentials } },
      models: {
        smart: { targets: [{ provider: 'google', model: 'gemini-2.5-flash' }] },
        near: { targets: [{ provider: 'google', model: 'text-embedding-005' }] },
        wise: { targets: [{ provider: 'google', model: 'claude-sonnet-4-5@20250929' }] },
      },
    },
  });
  const sent = () => JSON.parse(provider.taken.at(-1)?.body.toString() ?? '{}');
  return { provider, gateway, paths, sent };
}

it('both families are asked by one provider, with one token for many calls', async () => {
  const { key, publicKey } = await serviceAccount();
  const google = await tokenService();
  const { gateway, provider, paths, sent } = await setUp({
    serviceAccount: key,
    tokenUrl: `${google.url}/token`,
  });

  const answers = await Promise.all([chat(gateway, hello()), chat(gateway, hello())]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const wise = await chat(gateway, { ...hello(), model: 'wise' });
  expect(JSON.parse(wise.body.toString()).choices[0].message.content).toBe('Hi!');
  expect(sent()).toMatchObject({ anthropic_version: 'vertex-2023-10-16', max_tokens: 8192 });
  expect(sent()).not.toHaveProperty('model');

  // Claude's own format passes, but for what Vertex wants of it.
  const asked = { max_tokens: 9, messages: [{ role: 'user' as const, content: 'Hi' }] };
  await anthropicSdk(gateway).messages.create({ ...asked, model: 'wise' });
  expect(sent()).toEqual({ ...asked, anthropic_version: 'vertex-2023-10-16' });

  expect(paths).toEqual([
    ...Array(2).fill('/v1/here/publishers/google/models/gemini-2.5-flash:generateContent'),
    ...Array(2).fill('/v1/here/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict'),
  ]);
  expect(new Set(provider.taken.map(({ headers }) => headers.authorization))).toEqual(
    new Set(['Bearer token-1']),
  );
  expect(google.taken).toHaveLength(1);
  const form = new URLSearchParams(google.taken[0]?.body.toString());
  expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
  const { payload, protectedHeader } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
    issuer: 'gateway@proj.iam.example',
    audience: `${google.url}/token`,
  });
  expect(protectedHeader.kid).toBe('k1');
  expect(payload.scope).toBe('https://www.googleapis.com/auth/cloud-platform');
  await lineOf(gateway, wise);
  expect(JSON.stringify(gateway.lines)).not.toMatch(/token-1|PRIVATE KEY/);
});

it('a token of one’s own is sent as it is', async () => {
  const { gateway, provider } = await setUp({ apiKey: 'my-token' });
  expect((await chat(gateway, hello())).status).toBe(200);
  expect(provider.taken[0]?.headers.authorization).toBe('Bearer my-token');
});

it('without a token no call is made, and the client hears nothing of the account', async () => {
  const { key } = await serviceAccount();
  const google = await tokenService(3600, 401);
  const { gateway, provider } = await setUp({ serviceAccount: key, tokenUrl: `${google.url}/token` });
  const answer = await chat(gateway, hello());
  expect(answer.status).toBe(502);
  expect(errorOf(answer).code).toBe('provider_auth_failed');
  expect(answer.body.toString()).not.toContain('proj.iam');
  expect(provider.taken).toEqual([]);
});

/** Google first, and somebody else. */
const besideGoogle = async (serviceAccount: string, tokenUrl: string, baseUrl: string) =>
  aiGateway([await modelService()], {
    ai: { providers: { google: { kind: 'vertex', baseUrl, serviceAccount, tokenUrl } } },
    models: {
      both: {
        targets: [
          { provider: 'google', model: 'gemini-2.5-flash', weight: 9 },
          { provider: 'p0', model: 'gpt-4o-mini' },
        ],
        retry: { attempts: 2 },
      },
    },
  });

it('an account that gets no token is one that was refused: another target answers, and it is left alone for that', async () => {
  const { key } = await serviceAccount();
  const google = await tokenService(3600, 401);
  const gateway = await besideGoogle(key, `${google.url}/token`, 'http://127.0.0.1:1/v1');

  const answer = await chat(gateway, { ...hello(), model: 'both' });

  expect([answer.status, answer.headers['x-gateway-target']]).toEqual([200, 'p0/gpt-4o-mini']);
  const cooling = (reason: string) => gateway.metric('gateway_ai_target_cooling', { reason });
  expect([await cooling('auth_failed'), await cooling('down')]).toEqual([1, 0]);
  // Nobody waits for it meanwhile.
  expect((await chat(gateway, { ...hello(), model: 'both' })).status).toBe(200);
  expect(google.taken).toHaveLength(1);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['closes the connection', (response) => void response.destroy()],
  ['answers 503', (response) => void response.writeHead(503).end()],
])('a token service that %s once says nothing of the account: another target answers, and the next call is Google’s again', async (_, hiccup) => {
  const { key } = await serviceAccount();
  let asked = 0;
  const tokens = await rawProvider((response) => {
    if (++asked === 1) return hiccup(response);
    response.writeHead(200, JSON_TYPE).end(JSON.stringify({ access_token: 't', expires_in: 3600 }));
  });
  const google = await rawProvider((response) =>
    response.writeHead(200, JSON_TYPE).end(JSON.stringify(GEMINI)),
  );
  const gateway = await besideGoogle(key, `${tokens.url}/token`, `${google.url}/v1`);

  const answers = [
    await chat(gateway, { ...hello(), model: 'both' }),
    await chat(gateway, { ...hello(), model: 'both' }),
  ];

  expect(answers.map(({ status, headers }) => [status, headers['x-gateway-target']])).toEqual([
    [200, 'p0/gpt-4o-mini'],
    [200, 'google/gemini-2.5-flash'],
  ]);
  expect(await gateway.metric('gateway_ai_target_cooling', { reason: 'auth_failed' })).toBe(0);
});

it('a token is renewed five minutes before its end, once for all who wait; a failure is not kept', async () => {
  const { key } = await serviceAccount();
  const google = await tokenService();
  let now = 1_763_900_000_000;
  const token = new AccessToken(key, `${google.url}/token`, fetch, () => now);

  expect(await Promise.all([token.get(), token.get()])).toEqual(['token-1', 'token-1']);
  now += 54 * 60_000;
  expect(await token.get()).toBe('token-1');
  now += 2 * 60_000;
  expect(await token.get()).toBe('token-2');

  await google.close();
  now += 60 * 60_000;
  await expect(token.get()).rejects.toMatchObject({ code: 'provider_auth_failed' });
});

it('its embeddings, as OpenAI’s own SDK asks for them, with the tokens that Google counted', async () => {
  const { gateway, paths, sent } = await setUp({ apiKey: 'ya29.token' });
  const asked = { model: 'near', input: ['one', 'two'], dimensions: 2, encoding_format: 'float' as const };

  const { data, usage } = await sdk(gateway).embeddings.create(asked);

  expect(data.map(({ embedding }) => embedding)).toEqual([
    [1, 0.5],
    [2, 0.5],
  ]);
  expect(usage.prompt_tokens).toBe(6);
  expect(paths).toEqual(['/v1/here/publishers/google/models/text-embedding-005:predict']);
  expect(sent()).toEqual({
    instances: [{ content: 'one' }, { content: 'two' }],
    parameters: { outputDimensionality: 2 },
  });
});
