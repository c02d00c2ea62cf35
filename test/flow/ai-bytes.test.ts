// What the client sent is what the provider gets, and what the provider sent is what the client gets.
import { expect, it } from 'vitest';
import {
  aiGateway,
  CLIENT_KEY,
  chat,
  errorOf,
  hello,
  lineOf,
  PROVIDER_KEY,
  rawProvider,
} from '../helpers/ai.ts';

const REPLY =
  '{ "id":"x" ,"choices":[{"index":0,"message":{"role":"assistant","content":"h\\u00e9 \u{1f600}"},"finish_reason":"stop"}],\n' +
  '"big":12345678901234567890, "usage":{"prompt_tokens":3,"completion_tokens":2}, "__proto__":{"a":1}}\n';

const parrot = () =>
  rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json', 'x-note': 'kept' }).end(REPLY),
  );

const MESSAGES = '"messages" : [ { "role":"user","content":"\\ud83d\\ude00 \\u0041 \u{1f600}" } ]';

it.each([
  ['odd white space', `\r\n\t{ "model"\n:\t"smart"  ,\r\n${MESSAGES}\n}\n\n`],
  ['the model last', `{${MESSAGES},"model":"smart"}`],
  ['unknown fields and their order', `{"z":1,"model":"smart","a":{"model":"smart"},${MESSAGES},"b":[1e400]}`],
  [
    'numbers beyond a double',
    `{"seed":12345678901234567890,"model":"smart",${MESSAGES},"t":1.000000000000000000001}`,
  ],
  ['a model written with escapes', `{"model":"sm\\u0061rt",${MESSAGES}}`],
  ['a key written with escapes', `{"mod\\u0065l":"smart",${MESSAGES}}`],
  ['lone surrogates', `{"model":"smart","x":"\\ud800","messages":[{"role":"user","content":"\\udfff"}]}`],
  ['duplicates of other keys', `{"model":"smart","n":1,"n":1,${MESSAGES}}`],
  ['braces and quotes in strings', `{"a":"}],{\\"model\\":\\"no\\"\\\\","model":"smart",${MESSAGES}}`],
])('a request goes on as it came but for the model’s name: %s', async (_what, body) => {
  const provider = await parrot();
  const gateway = await aiGateway([provider]);

  const answer = await chat(gateway, body);

  expect(answer.status).toBe(200);
  expect(provider.taken[0]?.body.toString()).toBe(
    body.replace(
      /("mod(?:e|\\u0065)l"\s*:\s*)"(?:smart|sm\\u0061rt)"(?=\s*[,}])(?![^{]*"b":)/,
      '$1"gpt-4o-mini"',
    ),
  );
});

it('an answer comes as it was sent, with its headers and the gateway’s own', async () => {
  const provider = await parrot();
  const gateway = await aiGateway([provider]);

  const answer = await chat(gateway, hello());

  expect(answer.body.toString()).toBe(REPLY);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(REPLY)),
    'x-note': 'kept',
    'x-gateway-target': 'p0/gpt-4o-mini',
    'x-gateway-attempts': '1',
  });
});

it('what a provider says of its own origin ends at the gateway', async () => {
  const provider = await rawProvider((response) =>
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'set-cookie': '__cf_bm=1; domain=.provider.example',
        'alt-svc': 'h3=":443"',
        'strict-transport-security': 'max-age=1',
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
      })
      .end(REPLY),
  );
  const gateway = await aiGateway([provider]);

  const { headers } = await chat(gateway, hello());

  for (const name of ['set-cookie', 'alt-svc', 'strict-transport-security', 'x-hop'])
    expect(headers[name], name).toBeUndefined();
});

it('a header that is no Latin-1 text does not cost the answer', async () => {
  const provider = await rawProvider((response, { body }) => {
    const stream = body.includes('"stream":true');
    const [type, text] = stream ? ['text/event-stream', 'data: [DONE]\n\n'] : ['application/json', REPLY];
    response.socket?.end(
      `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\nx-note: caf\u00e9 \u2713\r\nconnection: close\r\n\r\n${
        stream ? `data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n${text}` : text
      }`,
    );
  });
  const gateway = await aiGateway([provider]);

  expect((await chat(gateway, hello())).status).toBe(200);
  expect((await chat(gateway, hello(true))).status).toBe(200);
});

it('a model whose name is no ASCII is named in the header all the same', async () => {
  const provider = await parrot();
  const gateway = await aiGateway([provider], {
    models: { own: { targets: [{ provider: 'p0', model: 'модель/ё 1' }] } },
  });

  const answer = await chat(gateway, { ...hello(), model: 'own' });

  expect(answer.status).toBe(200);
  expect(decodeURI(String(answer.headers['x-gateway-target']))).toBe('p0/модель/ё 1');
  expect(JSON.parse(provider.taken[0]?.body.toString() ?? '')).toMatchObject({ model: 'модель/ё 1' });
});

it('what a client says of where its model is decides nothing (CVE-2024-6587)', async () => {
  const [provider, elsewhere] = [await parrot(), await parrot()];
  const gateway = await aiGateway([provider]);
  const names = ['api_base', 'base_url', 'baseUrl', 'endpoint', 'url'];
  const body = Object.fromEntries(names.map((name) => [name, elsewhere.url]));
  const headers = Object.fromEntries(names.map((name) => [`x-${name}`, elsewhere.url]));

  const answer = await chat(gateway, { ...hello(), ...body, litellm_params: body }, headers);

  expect(answer.status).toBe(200);
  expect([provider.taken.length, elsewhere.taken.length]).toEqual([1, 0]);
});

it('the application’s key stays at the gateway, and so does all else of its headers', async () => {
  const provider = await parrot();
  const gateway = await aiGateway([provider]);

  await chat(gateway, hello(), {
    cookie: 'session=1',
    'x-api-key': CLIENT_KEY,
    'openai-organization': 'org-of-the-application',
    'user-agent': 'app/1.0',
    'x-forwarded-for': '203.0.113.9',
  });

  const { headers = {} } = provider.taken[0] ?? {};
  expect(headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`);
  expect(JSON.stringify(headers)).not.toMatch(/key-of-the-application|session|org-of|app\/1|203\.0/);
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
  });
});

it('the provider’s key is in no answer, no error and no log', async () => {
  const provider = await rawProvider((response, { headers }) =>
    response
      .writeHead(401, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: { message: `Incorrect API key provided: ${headers.authorization}` } })),
  );
  const gateway = await aiGateway([provider]);

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(502);
  expect(errorOf(answer)).toMatchObject({ code: 'provider_auth_failed', type: 'server_error' });
  expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'provider_auth_failed', status: 502 });
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  for (const text of [
    answer.body.toString(),
    JSON.stringify(answer.headers),
    JSON.stringify(gateway.lines),
    metrics,
  ])
    expect(text).not.toContain('key-of-the');
});
