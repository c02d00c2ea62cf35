// A provider in its own words, below /v1/providers/{name}: nobody's key but the gateway's, no way around a budget, and
// nowhere but where the provider is.
import { expect, it } from 'vitest';
import { awsEvent } from '../../src/demo/aws-event.ts';
import {
  aiGateway,
  anthropicSdk,
  asAnthropic,
  CLIENT_KEY,
  chat,
  errorOf,
  hello,
  lineOf,
  modelService,
  PROVIDER_KEY,
  rawProvider,
  sdk,
} from '../helpers/ai.ts';

const OPEN = { passthrough: true };
const open = (service: { url: string }, more = {}) => ({
  kind: 'openai',
  baseUrl: `${service.url}/v1`,
  ...OPEN,
  ...more,
});
const below = (gateway: { url: string }, path = '') => ({ url: `${gateway.url}/v1/providers/p0${path}` });
const json = { 'content-type': 'application/json' };

it('is where a vendor’s own SDK feels at home', async () => {
  const [gpt, claude] = await Promise.all([modelService('a'), modelService('b')]);
  const gateway = await aiGateway([open(gpt), { ...asAnthropic(claude), ...OPEN }]);
  const openai = sdk(gateway);
  openai.baseURL = below(gateway).url;
  const anthropic = anthropicSdk({ url: `${gateway.url}/v1/providers/p1` });
  const messages = [{ role: 'user' as const, content: 'Hello' }];

  const models = await openai.models.list();
  const words = [];
  for await (const chunk of await openai.chat.completions.create({
    model: 'gpt-4o-mini',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  }))
    words.push(chunk.choices[0]?.delta.content ?? '');
  const message = await anthropic.messages.create({ model: 'claude-haiku-4-5', max_tokens: 50, messages });

  expect(models.data.map(({ id }) => id)).toContain('gpt-image-1');
  expect(words.join('')).toBe('Hello! How can I help you today?');
  expect(message.content).toEqual([{ type: 'text', text: 'Hello! How can I help you today?' }]);
  const streamed = await gateway.accessLine(({ path }) => path === '/v1/providers/p0/chat/completions');
  expect(streamed).toMatchObject({
    operation: 'passthrough',
    // An alias stands for it, so that its budgets hold.
    model: 'smart',
    upstream_model: 'gpt-4o-mini',
    stream: true,
    usage_source: 'reported',
    tokens_out: 7,
    outcome: 'complete',
  });
  expect(streamed.usd).toBeGreaterThan(0);
  expect(await gateway.accessLine(({ path }) => path === '/v1/providers/p1/v1/messages')).toMatchObject({
    model: 'p1/*',
    upstream_model: 'claude-haiku-4-5',
    usage_source: 'reported',
  });
  expect(await gateway.accessLine(({ path }) => path === '/v1/providers/p0/models')).toMatchObject({
    method: 'GET',
    status: 200,
    outcome: 'complete',
  });
});

it('carries the gateway’s key and none of the client’s; the rest as it came', async () => {
  const methods: unknown[] = [];
  const provider = await rawProvider((response, _taken, { method, url }) => {
    methods.push(`${method} ${url}`);
    response.writeHead(201, { ...json, 'set-cookie': 'a=b', 'x-own': '1' }).end('[1, 2]');
  });
  const gateway = await aiGateway([open(provider)]);
  const address = `${below(gateway).url}/files/a%20b?limit=2&key=${CLIENT_KEY}&k%65y=${CLIENT_KEY}&after=x%2Fy`;

  const answer = await fetch(address, {
    method: 'PUT',
    body: new Uint8Array([0, 255, 1]),
    headers: {
      authorization: `Bearer ${CLIENT_KEY}`,
      'x-goog-api-key': CLIENT_KEY,
      'x-api-key': CLIENT_KEY,
      cookie: `k=${CLIENT_KEY}`,
      'openai-organization': 'org-of-the-client',
      'openai-beta': 'files=v2',
      'x-forwarded-for': '10.0.0.1',
      'x-gateway-tags': 'tag-of-the-client',
      'x-session-id': 'session-of-the-client',
    },
  });

  expect([answer.status, await answer.text(), answer.headers.get('x-own')]).toEqual([201, '[1, 2]', '1']);
  expect(answer.headers.get('set-cookie')).toBeNull();
  expect(methods).toEqual(['PUT /v1/files/a%20b?limit=2&after=x%2Fy']);
  const [taken] = provider.taken;
  expect([...(taken?.body ?? [])]).toEqual([0, 255, 1]);
  expect(taken?.headers).toMatchObject({
    authorization: `Bearer ${PROVIDER_KEY}`,
    'openai-beta': 'files=v2',
  });
  const seen = JSON.stringify(taken?.headers);
  for (const secret of [CLIENT_KEY, 'of-the-client', 'x-forwarded', 'x-consumer-name'])
    expect(seen).not.toContain(secret);
});

it('reaches nothing that is not below the base URL, not listed, or not open', async () => {
  const [listed, closed] = [await rawProvider((response) => response.end()), await modelService()];
  const gateway = await aiGateway([open(listed, { passthroughPaths: ['/models', '/files/*'] }), closed]);
  const ask = (path: string) => chat(gateway, '', {}, path);

  const answers = [
    await ask('/v1/providers/p0/../../admin'),
    await ask('/v1/providers/p0/files/../chat/completions'),
    await ask('/v1/providers/p0/files/%2e%2e/chat/completions'),
    await ask('/v1/providers/p0/files/..%2fchat'),
    await ask('/v1/providers/p0/chat/completions'),
    await ask('/v1/providers/p1/chat/completions'),
    await ask('/v1/providers/p2/chat/completions'),
    await ask('/v1/providers/p0//evil.example/x'),
  ];

  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 400, 404, 404, 404, 404]);
  expect(listed.taken).toHaveLength(0);
  expect(closed.stats.requests).toBe(0);
  expect((await ask('/v1/providers/p0/files/1')).status).toBe(200);
});

it('needs a key like every other route', async () => {
  const service = await modelService();
  const gateway = await aiGateway([open(service)]);

  const answer = await fetch(`${below(gateway).url}/models`);

  expect(answer.status).toBe(401);
  expect(service.stats.requests).toBe(0);
});

it('is no way around a budget', async () => {
  const service = await modelService();
  const budgets = (limit: object) => ({ ai: { budgets: [{ name: 'b', per: '1d', ...limit }] } });
  const [ofModel, ofMoney] = await Promise.all([
    aiGateway([open(service)], budgets({ scope: 'model', requests: 1 })),
    aiGateway([open(service)], budgets({ scope: 'consumer', usd: 1 })),
  ]);
  const call = { ...hello(), model: 'gpt-4o-mini' };
  const path = '/v1/providers/p0/chat/completions';

  const first = await chat(ofModel, hello());
  const second = await chat(ofModel, call, {}, path);
  const unpriced = await chat(ofMoney, { ...call, model: 'of-unknown-price' }, {}, path);
  const twice = await chat(ofMoney, '{"model":"gpt-4o-mini","model":"gpt-4o","messages":[]}', {}, path);
  const priced = await chat(ofMoney, call, {}, path);

  expect([first.status, second.status, priced.status]).toEqual([200, 429, 200]);
  expect(errorOf(unpriced)).toMatchObject({ code: 'budget_unpriced' });
  expect(errorOf(twice)).toMatchObject({ code: 'body_invalid', param: 'model' });
  expect(service.stats.requests).toBe(2);
});

it('a model’s budget knows the name that it was given; a budget of the provider’s other names holds all of those', async () => {
  const service = await modelService();
  const budgets = [
    { name: 'dear', scope: 'model', match: ['smart'], requests: 1, per: '1d' },
    { name: 'others', scope: 'model', match: ['p0/*'], requests: 2, per: '1d' },
  ];
  const gateway = await aiGateway([open(service)], { ai: { budgets } });
  const ask = async (model: string) =>
    (await chat(gateway, { ...hello(), model }, {}, '/v1/providers/p0/chat/completions')).status;

  const statuses = [];
  for (const model of [
    'gpt-4o-mini',
    'gpt-4o-mini',
    'gpt-4o-mini-2024-07-18',
    'gpt-4o',
    'gpt-4o-mini-2024-07-18',
  ])
    statuses.push(await ask(model));

  expect(statuses.map((status) => status === 429)).toEqual([false, true, false, false, true]);
  expect(gateway.lines.filter(({ msg }) => msg === 'valid, and worth a look')).toEqual([]);
});

it('charges what it can’t read as all that it may be, and refuses what nobody could ever charge', async () => {
  const provider = await rawProvider((response, _taken, { url = '' }) => {
    if (url.includes('/completions'))
      return response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(
          'data: {"choices":[{"text":"a"}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":21,"completion_tokens":900}}\n\n',
        );
    if (url.includes('/converse'))
      return response.writeHead(200, json).end('{"usage":{"inputTokens":5,"outputTokens":3000}}');
    return response.writeHead(200, json).end('[{"candidates":[]}]');
  });
  const gateway = await aiGateway(
    [
      open(provider),
      { kind: 'bedrock', baseUrl: provider.url, ...OPEN },
      { kind: 'gemini', baseUrl: provider.url, ...OPEN },
    ],
    { ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', tokens: 1_000_000 }] } },
  );
  const ask = (path: string, body: object) => chat(gateway, body, {}, `/v1/providers${path}`);
  const contents = { contents: [], generationConfig: { maxOutputTokens: 700 } };

  const form = new FormData();
  form.set('image', new Blob(['x']), 'x.png');
  const send = async (path: string): Promise<number> => {
    const headers = { authorization: `Bearer ${CLIENT_KEY}` };
    const url = `${gateway.url}/v1/providers/p0${path}`;
    const { status } = await fetch(url, { method: 'POST', headers, body: form });
    return status;
  };
  const wide = Buffer.from('{"model":"gpt-4o","prompt":"x"}', 'utf16le');

  const read = [
    await ask('/p0/completions', { model: 'gpt-4o-mini', prompt: 'x', stream: true }),
    await ask('/p1/model/m/converse', { messages: [] }),
    await ask('/p2/models/gemini-2.5-flash:streamGenerateContent', contents),
    await ask('/p0/other', { model: 'gpt-4o-mini', max_tokens: 321 }),
  ];
  const refused = [
    await ask('/p0/batches', { input_file_id: 'f', endpoint: '/v1/chat/completions' }),
    await ask('/p0/responses', { model: 'gpt-4o-mini', input: 'x', background: true }),
    // Batches and training that name their model.
    await ask('/p0/batch/jobs', {
      input_files: ['f'],
      model: 'gpt-4o-mini',
      endpoint: '/v1/chat/completions',
    }),
    await ask('/p0/batch/jobs', { requests: [{ body: {} }], model: 'gpt-4o-mini' }),
    await ask('/p2/models/gemini-2.5-flash:batchGenerateContent', { batch: {} }),
    await ask('/p2/models/gemini-embedding-001:asyncBatchEmbedContent', { batch: {} }),
    await ask('/p2/batchPredictionJobs', { model: 'publishers/google/models/gemini-2.5-flash' }),
    await ask('/p0/fine_tuning/jobs', { model: 'gpt-4o-mini', training_file: 'f' }),
    await ask('/p0/embed-jobs', { model: 'embed-v4.0', dataset_id: 'd' }),
    await ask('/p0/chat/completions', { model: 'grok-4', messages: [], deferred: true }),
    // Assistants, and sessions that a client then goes on with past the gateway.
    await ask('/p0/threads/t/runs', { assistant_id: 'a', model: 'gpt-4o-mini' }),
    await ask('/p0/threads/runs', { assistant_id: 'a', model: 'gpt-4o-mini' }),
    await ask('/p0/realtime/sessions', { model: 'gpt-4o-mini' }),
    await ask('/p0/realtime/transcription_sessions', { model: 'gpt-4o-mini' }),
    await ask('/p0/realtime/client_secrets', { session: {}, model: 'gpt-4o-mini' }),
    await ask('/p0/realtime/calls', { sdp: 'v=0', model: 'gpt-4o-mini' }),
    await ask('/p0/realtimeapi/sessions', { model: 'gpt-4o-mini' }),
    await ask('/p2/auth_tokens', { uses: 1, model: 'gemini-2.5-flash' }),
    await ask('/p1/async-invoke', { modelId: 'm', modelInput: {} }),
    // Neither those nor a job that is only started need say a word.
    await ask('/p0/realtime/client_secrets', {}),
    await chat(gateway, '', {}, '/v1/providers/p0/realtime/client_secrets'),
    await ask('/p2/auth_tokens', {}),
    await chat(gateway, '', {}, '/v1/providers/p0/fine_tuning/jobs/j/start'),
    await ask('/p0/fine_tuning/jobs/j/resume', {}),
    // In whatever a provider's reader takes for JSON.
    await chat(gateway, wide, { 'content-type': 'text/plain' }, '/v1/providers/p0/other'),
  ];
  // A form may leave its model to the provider; a file that is only kept costs nothing.
  const forms = [await send('/images/variations'), await send('/files')];
  // Nor does it cost anything to look after what is done later.
  const cancelled = await ask('/p0/batches/b/cancel', {});

  const lines = await Promise.all(read.map((answer) => lineOf(gateway, answer)));
  expect(lines.map(({ tokens_out }) => tokens_out)).toEqual([900, 3000, 700, 321]);
  expect(lines[0]).toMatchObject({ reason: 'ok', usage_source: 'reported' });
  // Each in its vendor's shape.
  expect(refused.map(({ status, body }) => [status, body.includes('"budget_unpriced"')])).toEqual(
    refused.map(() => [503, true]),
  );
  expect(forms).toEqual([503, 200]);
  expect(cancelled.status).toBe(200);
});

it('Google’s own ways of saying less than all of an answer are no way around its bill', async () => {
  const called: (string | undefined)[] = [];
  const provider = await rawProvider((response, _taken, { url = '' }) => {
    called.push(url);
    const type = url.includes('flash') ? 'application/x-protobuf' : 'application/json';
    response.writeHead(200, { 'content-type': type }).end(url.includes('flash') ? '\u0001\u0002' : '{}');
  });
  const gateway = await aiGateway(
    [
      { kind: 'gemini', baseUrl: provider.url, ...OPEN },
      { kind: 'vertex', baseUrl: provider.url, ...OPEN },
      open(provider),
    ],
    { ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', tokens: 1_000_000 }] } },
  );
  const contents = { contents: [], generationConfig: { maxOutputTokens: 700 } };
  const ask = (path: string, headers = {}) => chat(gateway, contents, headers, `/v1/providers${path}`);
  const pro = '/models/gemini-2.5-pro:generateContent';

  const refused = [
    await ask(`/p0${pro}?fields=candidates`),
    await ask(`/p0${pro}?%24fields=candidates`),
    await ask(`/p1${pro}?$alt=proto`),
    await ask(`/p1${pro}?ALT=media`),
    await ask(`/p0${pro}?alt=json&callback=f`),
    await ask(`/p0${pro}`, { 'x-goog-fieldmask': 'candidates' }),
  ];
  const overridden = await ask(`/p2${pro}`, { 'x-http-method-override': 'GET' });
  expect(
    refused.map(({ status, body }) => [status, /fields|alt|callback|fieldmask/i.test(String(body))]),
  ).toEqual(refused.map(() => [400, true]));
  expect([overridden.status, errorOf(overridden).message]).toEqual([
    400,
    expect.stringContaining('another method'),
  ]);
  expect(called).toEqual([]);

  const taken = [
    await ask(`/p0${pro}?alt=json&$key=of-the-client&oauth_token=of-the-client`),
    await ask('/p0/models/gemini-2.5-flash:generateContent'),
    await ask(`/p2${pro}?fields=x`, { 'x-http-method': 'POST' }),
    // As Google's own SDKs ask.
    await ask(`/p0${pro}?%24alt=json%3Benum-encoding%3Dint`),
    await ask(`/p1${pro}?$alt=json;enum-encoding=int`),
  ];
  // What is only looked at costs nothing, whatever form it is wanted in.
  const file = '/files/f:download?alt=media&fields=name';
  const downloaded = await fetch(`${gateway.url}/v1/providers/p0${file}`, {
    headers: { authorization: `Bearer ${CLIENT_KEY}` },
  });
  expect(taken.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(downloaded.status).toBe(200);
  expect([called[0], called.at(-1)]).toEqual([`${pro}?alt=json`, file]);
  // What can't be read is charged as all that it may have come to.
  expect((await lineOf(gateway, taken[1] as (typeof taken)[0])).tokens_out).toBe(700);
});

it('what is like an operation of the gateway costs what that does, on whichever path it is asked', async () => {
  const provider = await rawProvider((response) => response.writeHead(200, json).end('{"text":"Hello"}'));
  const gateway = await aiGateway([open(provider)], {
    models: { 'gpt-image-1': { targets: [{ provider: 'p0', model: 'gpt-image-1' }] } },
    prices: { 'p0/gpt-image-1': { input: 0, output: 0, perImage: 0.25 } },
    ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', usd: 1.9 }] },
  });
  const send = async (path: string, fields: Record<string, string>) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob(['x']), 'x');
    const { url } = below(gateway, path);
    const headers = { authorization: `Bearer ${CLIENT_KEY}` };
    const answer = await fetch(url, { method: 'POST', headers, body: form });
    const id = answer.headers.get('x-request-id');
    return [answer.status, (await gateway.accessLine((line) => line.request_id === id)).usd];
  };

  expect(await send('/images/edits', { model: 'gpt-image-1', n: '3' })).toEqual([200, 0.75]);
  const ask = (path: string, body: object) => chat(gateway, body, {}, `/v1/providers/p0${path}`);
  const edited = await ask('/images/edits', { model: 'gpt-image-1', images: [] });
  expect((await lineOf(gateway, edited)).usd).toBe(0.25);
  // Before it is asked as well: of what is left four more can't be paid.
  expect((await send('/images/variations', { model: 'gpt-image-1', n: '4' }))[0]).toBe(429);
  // Whisper is sold by the minute, and of a chat with it nobody knows any.
  const chatted = await ask('/chat/completions', { model: 'whisper-1', messages: [] });
  expect(errorOf(chatted)).toMatchObject({ code: 'budget_unpriced' });
});

it('counting tokens costs nothing, and vectors put none out', async () => {
  const provider = await rawProvider((response, _taken, { url = '' }) => {
    const answer = url.includes('titan') ? { embedding: [1], inputTextTokenCount: 5 } : { totalTokens: 9 };
    response.writeHead(200, json).end(JSON.stringify(answer));
  });
  const price = { input: 1, output: 1000 };
  const gateway = await aiGateway(
    [
      open(provider),
      { kind: 'bedrock', baseUrl: provider.url, ...OPEN },
      { kind: 'gemini', baseUrl: provider.url, ...OPEN },
    ],
    { prices: { 'p0/gpt-4o-mini': price, 'p1/m': price, 'p2/gemini-2.5-flash': price } },
  );
  const come = async (path: string, body: object) =>
    lineOf(gateway, await chat(gateway, body, {}, `/v1/providers${path}`));

  const counted = [
    await come('/p0/responses/input_tokens', { model: 'gpt-4o-mini', input: 'x' }),
    await come('/p1/model/m/count-tokens', { input: {} }),
    await come('/p2/models/gemini-2.5-flash:countTokens', { contents: [] }),
  ];
  const made = [
    await come('/p1/model/amazon.titan-embed-text-v2:0/invoke', { inputText: 'x' }),
    await come('/p2/models/gemini-embedding-001:batchEmbedContents', { requests: [] }),
    await come('/p2/models/gemini-embedding-001:embedContent', { content: {} }),
  ];

  for (const line of counted)
    expect(line).toMatchObject({ status: 200, tokens_in: 0, tokens_out: 0, usd: 0 });
  for (const line of made) expect(line).toMatchObject({ status: 200, tokens_out: 0 });
  expect(made[0]).toMatchObject({ tokens_in: 5, usage_source: 'reported' });
});

it('what is only looked at costs nothing: neither an answer that is fetched again, nor a list', async () => {
  const usage = { input_tokens: 700, output_tokens: 300 };
  const provider = await rawProvider((response, _taken, { url = '' }) => {
    if (url.includes('stream'))
      return response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`data: ${JSON.stringify({ type: 'response.completed', response: { usage } })}\n\n`);
    const answer = url.includes('/responses/')
      ? { id: 'resp_1', usage }
      : { data: [{ id: 'a' }, { id: 'b' }] };
    return response.writeHead(200, json).end(JSON.stringify(answer));
  });
  const gateway = await aiGateway([open(provider)], {
    ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', tokens: 1_000 }] },
  });
  const look = async (path: string) => {
    const headers = { authorization: `Bearer ${CLIENT_KEY}` };
    const answer = await fetch(below(gateway, path).url, { headers });
    await answer.text();
    const id = answer.headers.get('x-request-id');
    const { status, tokens_in, tokens_out, usd } = await gateway.accessLine((line) => line.request_id === id);
    return [status, tokens_in, tokens_out, usd];
  };

  const paths = [
    '/responses/resp_1',
    '/responses/resp_1',
    '/responses/resp_1?stream=true',
    '/models',
    '/chat/completions',
  ];
  const looked = [];
  for (const path of paths) looked.push(await look(path));

  expect(looked).toEqual(paths.map(() => [200, 0, 0, 0]));
});

it('Amazon’s models are known by their whole name, however its colon is written', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, json).end('{"usage":{"inputTokens":5,"outputTokens":3}}'),
  );
  const model = 'anthropic.claude-3-haiku-20240307-v1:0';
  const gateway = await aiGateway([{ kind: 'bedrock', baseUrl: provider.url, ...OPEN }], {
    models: { haiku: { targets: [{ provider: 'p0', model }] } },
    ai: { budgets: [{ name: 'b', per: '1d', scope: 'model', match: ['haiku'], requests: 1 }] },
  });
  const ask = (name: string) =>
    chat(gateway, { messages: [] }, {}, `/v1/providers/p0/model/${name}/converse`);
  expect([(await ask(model)).status, (await ask(encodeURIComponent(model))).status]).toEqual([200, 429]);
});

it('a model with two aliases draws on the budgets of both', async () => {
  const service = await modelService();
  const gateway = await aiGateway([open(service)], {
    models: { second: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }] } },
    ai: { budgets: [{ name: 'b', per: '1d', scope: 'model', match: ['second'], requests: 1 }] },
  });
  const body = { ...hello(), model: 'gpt-4o-mini' };
  const ask = () => chat(gateway, body, {}, '/v1/providers/p0/chat/completions');

  expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
  expect(service.stats.requests).toBe(1);
});

it('a model is known by its path however a vendor writes it, and what is no model is none', async () => {
  const provider = await rawProvider((response) => response.writeHead(200, json).end('{"choices":[]}'));
  const gateway = await aiGateway([open(provider)]);
  const paths = [
    ['/serving-endpoints/of-databricks/invocations', 'of-databricks'],
    ['/of-databricks/invocations', 'of-databricks'],
    ['/endpoints/1234:predict', '1234'],
    ['/endpoints/openapi/chat/completions', 'in-body'],
    ['/models/chat/completions', 'in-body'],
    ['/models/embeddings', 'in-body'],
    ['/models/embeddings-large:generateContent', 'embeddings-large'],
    ['/deployments/d/chat/completions', 'd'],
    ['/deployments/embeddings/embeddings', 'embeddings'],
  ];
  const models = [];
  for (const [path] of paths) {
    const answer = await chat(gateway, { model: 'in-body' }, {}, `/v1/providers/p0${path}`);
    models.push((await lineOf(gateway, answer)).upstream_model);
  }
  expect(models).toEqual(paths.map(([, model]) => model));
});

it('Google’s models are the same however they are spelt', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, json).end('{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3}}'),
  );
  const model = 'gemini-2.5-flash';
  const gateway = await aiGateway(
    [
      { kind: 'gemini', baseUrl: provider.url, ...OPEN },
      { kind: 'vertex', baseUrl: provider.url, ...OPEN },
    ],
    {
      models: {
        flash: { targets: [{ provider: 'p0', model }] },
        vertex: { targets: [{ provider: 'p1', model }] },
      },
      ai: {
        budgets: [{ name: 'b', per: '1d', scope: 'model', match: ['flash', 'vertex'], requests: 1 }],
      },
    },
  );
  const ask = async (path: string, name: string) =>
    (await chat(gateway, { model: name, messages: [] }, {}, `/v1/providers${path}/chat/completions`)).status;

  expect([await ask('/p0/openai', `models/${model}`), await ask('/p0/openai', model)]).toEqual([200, 429]);
  expect([
    await ask('/p1/endpoints/openapi', `google/${model}`),
    await ask('/p1/endpoints/openapi', `publishers/google/models/${model}`),
  ]).toEqual([200, 429]);
});

it('Amazon’s streams pass byte by byte and are billed as they say; one that breaks breaks the connection', async () => {
  const of = (event: object) =>
    awsEvent('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64') });
  const converse = [
    awsEvent('messageStart', { role: 'assistant' }),
    awsEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello' } }),
    awsEvent('messageStop', { stopReason: 'end_turn' }),
    awsEvent('metadata', { usage: { inputTokens: 11, outputTokens: 3, cacheReadInputTokens: 100 } }),
  ];
  const cached = { input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 1 };
  const invoke = [
    of({ type: 'message_start', message: { usage: cached } }),
    of({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'Hello' } }),
    of({ type: 'message_delta', usage: { output_tokens: 9 } }),
    of({
      type: 'message_stop',
      'amazon-bedrock-invocationMetrics': { inputTokenCount: 5, outputTokenCount: 9 },
    }),
  ];
  const aws = { 'content-type': 'application/vnd.amazon.eventstream' };
  const list = [
    { candidates: [{ content: { parts: [{ text: 'a' }] } }], usageMetadata: { promptTokenCount: 7 } },
    { candidates: [], usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 21 } },
  ];
  const provider = await rawProvider((response, _taken, { url = '' }) => {
    if (url.includes('cut')) {
      response.writeHead(200, aws).write(Buffer.concat(converse.slice(0, 2)));
      setImmediate(() => response.destroy());
    } else if (url.endsWith('/converse-stream')) response.writeHead(200, aws).end(Buffer.concat(converse));
    else if (url.endsWith('/invoke'))
      response.writeHead(200, json).end(JSON.stringify({ content: [], usage: cached }));
    else if (url.endsWith('-stream')) response.writeHead(200, aws).end(Buffer.concat(invoke));
    else response.writeHead(200, json).end(JSON.stringify(list));
  });
  const gateway = await aiGateway([
    { kind: 'bedrock', baseUrl: provider.url, ...OPEN },
    { kind: 'gemini', baseUrl: provider.url, ...OPEN },
  ]);
  const ask = (path: string) => chat(gateway, { messages: [], contents: [] }, {}, `/v1/providers${path}`);
  const answers = [
    await ask('/p0/model/m/converse-stream'),
    await ask('/p0/model/m/invoke-with-response-stream'),
    await ask('/p0/model/m/invoke'),
    await ask('/p1/models/gemini-2.5-flash:streamGenerateContent'),
  ];

  expect(answers[0]?.body.equals(Buffer.concat(converse))).toBe(true);
  expect(answers[1]?.body.equals(Buffer.concat(invoke))).toBe(true);
  const lines = await Promise.all(answers.map((answer) => lineOf(gateway, answer)));
  expect(lines.map((line) => [line.tokens_in, line.tokens_out, line.tokens_cached])).toEqual([
    [111, 3, 100],
    [105, 9, 100],
    [105, 1, 100],
    [7, 21, 0],
  ]);
  expect(lines.map((line) => line.usage_source)).toEqual(Array(4).fill('reported'));

  await expect(ask('/p0/model/cut/converse-stream')).rejects.toThrow();
  expect(await gateway.accessLine(({ upstream_model: model }) => model === 'cut')).toMatchObject({
    reason: 'upstream_truncated',
  });
});

it('lines of JSON pass as they come, and are billed as the last of them says', async () => {
  let goOn = (): void => undefined;
  const last =
    '{"model":"llama3.2","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":11,"eval_count":5}\n';
  const provider = await rawProvider((response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write('{"content":"Hel');
    goOn = () => void response.end(`lo"}\n${last}`);
  });
  const gateway = await aiGateway([open(provider)]);
  const answer = await fetch(below(gateway, '/api/chat').url, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${CLIENT_KEY}` },
    body: '{"model":"gpt-4o-mini","messages":[]}',
  });
  const reader = answer.body?.getReader();
  const read = async (): Promise<string> => Buffer.from((await reader?.read())?.value ?? []).toString();
  expect(await read()).toBe('{"content":"Hel');

  goOn();
  let rest = '';
  for (let piece = await read(); piece !== ''; piece = await read()) rest += piece;

  expect(rest).toBe(`lo"}\n${last}`);
  expect(await gateway.accessLine(({ path }) => path === '/v1/providers/p0/api/chat')).toMatchObject({
    tokens_in: 11,
    tokens_out: 5,
    usage_source: 'reported',
    outcome: 'complete',
  });
});

it('an answer without a body says nothing of one', async () => {
  const provider = await rawProvider((response) => response.writeHead(204).end());
  const gateway = await aiGateway([open(provider)]);
  const answer = await fetch(below(gateway, '/files/file-1').url, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${CLIENT_KEY}` },
  });
  expect(answer.status).toBe(204);
  expect(['content-length', 'content-type'].filter((name) => answer.headers.has(name))).toEqual([]);
});

it('a stream has to begin in time, however it is asked for; what comes whole instead may take longer', async () => {
  const provider = await rawProvider((response, { body }, { url = '' }) => {
    const isStream = body.includes('"stream":true') || url.includes('stream');
    // A stream that never begins; what isn't one comes later than a stream may begin.
    if (isStream) response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    else setTimeout(() => response.writeHead(200, json).end('{"choices":[]}'), 600);
  });
  const timeouts = { passthroughTimeouts: { firstToken: '200ms' } };
  const gateway = await aiGateway([
    open(provider, timeouts),
    { kind: 'gemini', baseUrl: provider.url, ...OPEN, ...timeouts } as never,
  ]);
  const ask = (path: string, body: object) => chat(gateway, body, {}, `/v1/providers${path}`);

  const answers = await Promise.all([
    ask('/p0/chat/completions', { model: 'm', messages: [], stream: true }),
    ask('/p1/models/m:streamGenerateContent?alt=sse', { contents: [] }),
    ask('/p0/chat/completions', { model: 'm', messages: [] }),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([504, 504, 200]);
});

it('keeps what a provider says of its key to itself, and ends a broken stream with its own error', async () => {
  const [refusing, breaking] = await Promise.all([modelService('a'), modelService('b')]);
  refusing.faults.set({ status: 401 });
  // Behind its first words: before them another answer could still be given.
  breaking.faults.set({ truncate: 4 });
  const gateway = await aiGateway([open(refusing), { ...asAnthropic(breaking), ...OPEN }]);

  const refused = await chat(gateway, hello(), {}, '/v1/providers/p0/chat/completions');
  const broken = await chat(
    gateway,
    { ...hello(true), model: 'claude-haiku-4-5', max_tokens: 9 },
    {},
    '/v1/providers/p1/v1/messages',
  );

  expect([refused.status, errorOf(refused).code]).toEqual([502, 'provider_auth_failed']);
  expect(broken.body.toString()).toContain('event: error\n');
  expect(await lineOf(gateway, broken)).toMatchObject({ reason: 'upstream_truncated', outcome: 'truncated' });
});
