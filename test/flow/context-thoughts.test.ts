// What a model thought comes back to it through responses that are kept here, whether its maker seals it or not.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, asAnthropic, modelService, rawProvider, sdk } from '../helpers/ai.ts';

const ON = { context: { enabled: true } };

interface Block {
  type: string;
  [key: string]: unknown;
}

/** Speaks responses; what it thinks is sealed. */
async function sealedThinker() {
  const bodies: { input: Block[]; instructions?: string }[] = [];
  const provider = await rawProvider((response, { body }) => {
    bodies.push(JSON.parse(body.toString()) as { input: Block[] });
    const number = bodies.length;
    const content = [{ type: 'output_text', text: `Answer ${number}.`, annotations: [] }];
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        id: `resp_${number}`,
        object: 'response',
        status: 'completed',
        model: 'gpt-4o-mini',
        output: [
          { type: 'reasoning', id: `rs_${number}`, summary: [], encrypted_content: `sealed ${number}` },
          { type: 'message', id: `msg_${number}`, role: 'assistant', status: 'completed', content },
        ],
      }),
    );
  });
  return { bodies, provider };
}

it('reasoning that OpenAI has sealed goes back to it; instructions are of their turn, a developer’s words stay', async () => {
  const { bodies, provider } = await sealedThinker();
  const { responses } = sdk(await aiGateway([provider], ON));
  const developer = { role: 'developer' as const, content: 'Never swear.' };
  const one = await responses.create({
    model: 'smart',
    instructions: 'Speak like a pirate.',
    input: [developer, { role: 'user', content: 'one' }],
  });
  const two = await responses.create({ model: 'smart', input: 'two', previous_response_id: one.id });
  await responses.create({
    model: 'smart',
    instructions: 'Speak like a lawyer.',
    input: 'three',
    previous_response_id: two.id,
  });
  expect(bodies.map(({ instructions }) => instructions)).toEqual([
    'Speak like a pirate.',
    undefined,
    'Speak like a lawyer.',
  ]);
  const seen = bodies[2]?.input.map((item) => item.encrypted_content ?? item.role);
  expect(seen).toEqual([
    'developer',
    'user',
    'sealed 1',
    'assistant',
    'user',
    'sealed 2',
    'assistant',
    'user',
  ]);
  expect(bodies[2]?.input.map(({ id }) => id).filter(Boolean)).toEqual(['rs_1', 'msg_1', 'rs_2', 'msg_2']);
  expect(JSON.stringify(bodies[2]?.input)).not.toContain('pirate');
});

/** What OpenAI takes with an id only behind the thought that led to it. */
const BEHIND_THOUGHTS: ReadonlySet<string> = new Set(['function_call', 'web_search_call']);

/** Speaks responses as OpenAI does to who has nothing kept: of an unsealed thought it knows nothing. */
async function forgetfulThinker() {
  const bodies: { input: Block[]; include?: string[]; store: boolean }[] = [];
  const provider = await rawProvider((response, { body }) => {
    const asked = JSON.parse(body.toString()) as (typeof bodies)[number];
    bodies.push(asked);
    const { input, include = [] } = asked;
    const items = Array.isArray(input) ? input : [];
    const lost = items.find(
      ({ type, encrypted_content: seal }) => type === 'item_reference' || (type === 'reasoning' && !seal),
    );
    const isBehindThought = (before: Block[]) =>
      before.findLast(({ type }) => type !== 'web_search_call')?.type === 'reasoning';
    const bare = items.find(
      ({ type, id }, at) => BEHIND_THOUGHTS.has(type) && id && !isBehindThought(items.slice(0, at)),
    );
    response.setHeader('content-type', 'application/json');
    if (lost || bare) {
      const message = lost
        ? `Item with id '${String(lost.id)}' not found. Items are not persisted when store is set to false.`
        : `Item '${String(bare?.id)}' of type '${bare?.type}' was provided without its required 'reasoning' item.`;
      response.writeHead(lost ? 404 : 400).end(JSON.stringify({ error: { message } }));
      return;
    }
    const sealed = include.includes('reasoning.encrypted_content') && { encrypted_content: 'sealed' };
    const action = { type: 'search', query: 'weather services' };
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed', action };
    const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '{}' };
    const content = [{ type: 'output_text', text: 'It is sunny.', annotations: [] }];
    const said = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
    const output = [
      { type: 'reasoning', id: `rs_${bodies.length}`, summary: [], ...sealed },
      search,
      items.some(({ type }) => type === 'function_call_output') ? said : call,
    ];
    response.end(
      JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', model: 'o4', output }),
    );
  });
  return { bodies, provider };
}

it.each([
  undefined,
  { effort: 'low' as const },
])('a loop of tools that repeats what it was answered goes on with a model that reasons (reasoning: %o)', async (reasoning) => {
  const { bodies, provider } = await forgetfulThinker();
  const { responses } = sdk(await aiGateway([provider], ON));
  const rest = { model: 'smart', ...(reasoning && { reasoning }) };
  const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'How is the weather?' }];
  const { output } = await responses.create({ ...rest, input });
  input.push(...(output as typeof input));
  input.push({ type: 'function_call_output', call_id: 'call_1', output: 'sunny' });
  const answer = await responses.create({ ...rest, input });

  expect(answer.output_text).toBe('It is sunny.');
  const seals = reasoning && ['reasoning.encrypted_content'];
  expect(bodies.map(({ include, store }) => ({ include, store }))).toEqual([
    { include: seals, store: false },
    { include: seals, store: false },
  ]);
  const types = bodies[1]?.input.map(({ type }) => type).filter((type) => type !== undefined);
  expect(types).toEqual([
    ...(reasoning ? ['reasoning', 'web_search_call'] : []),
    'function_call',
    'function_call_output',
  ]);
});

it('of items that are named by their ids alone thoughts are left out, and others refused before a conversation begins', async () => {
  const { bodies, provider } = await forgetfulThinker();
  const gateway = await aiGateway([provider], ON);
  const asks = { role: 'user' as const, content: 'How is the weather?' };
  const call = {
    type: 'function_call' as const,
    id: 'fc_1',
    call_id: 'call_1',
    name: 'weather',
    arguments: '{}',
  };
  const result = { type: 'function_call_output' as const, call_id: 'call_1', output: 'sunny' };
  const named = (id: string) => ({ type: 'item_reference' as const, id });
  const ask = (input: OpenAI.Responses.ResponseInput, of = gateway) =>
    sdk(of).responses.create({ model: 'smart', input });

  const refused = { status: 400, code: 'field_not_supported', param: 'input[2]' };
  await expect(ask([asks, named('rs_1'), named('fc_1'), result])).rejects.toMatchObject(refused);
  expect(bodies).toEqual([]);
  expect((await admin(gateway, '/api/sessions?consumer=app')).body.items).toEqual([]);
  expect((await ask([asks, named('rs_1'), call, result])).output_text).toBe('It is sunny.');
  const translated = await aiGateway([asAnthropic(await modelService())], ON);
  expect((await ask([asks, named('rs_1'), asks], translated)).status).toBe('completed');
});

it('what a service shows of its thoughts is nothing for OpenAI, that stands in for it', async () => {
  const bodies: { input: Block[] }[] = [];
  const whole = { id: 'resp_1', object: 'response', status: 'completed', model: 'qwen3' };
  const shown = [{ type: 'reasoning_text', text: 'Look it up.' }];
  const output = [
    { type: 'reasoning', id: 'rs_1', summary: [], content: shown },
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '{}' },
  ];
  let asked = 0;
  const own = await rawProvider((response) => {
    response.writeHead(asked++ === 0 ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...whole, output }));
  });
  const openai = await rawProvider((response, { body }) => {
    bodies.push(JSON.parse(body.toString()) as { input: Block[] });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...whole, output: [] }));
  });
  const gateway = await aiGateway([{ kind: 'vllm', baseUrl: `${own.url}/v1` }, openai], {
    ...ON,
    models: {
      smart: { targets: [{ provider: 'p0', model: 'qwen3' }], fallback: ['other'] },
      other: { targets: [{ provider: 'p1', model: 'gpt-4o-mini' }] },
    },
  });
  const { responses } = sdk(gateway);
  const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'How is the weather?' }];
  input.push(...((await responses.create({ model: 'smart', input })).output as typeof input));
  input.push({ type: 'function_call_output', call_id: 'call_1', output: 'sunny' });
  await responses.create({ model: 'smart', input });
  expect(bodies[0]?.input.map(({ type }) => type)).toEqual([
    undefined,
    'function_call',
    'function_call_output',
  ]);
});

it('what a service thought that seals nothing goes back to it with the calls that it led to', async () => {
  const bodies: { input: Block[] }[] = [];
  const thought = {
    type: 'reasoning',
    id: 'rs_1',
    summary: [],
    content: [{ type: 'reasoning_text', text: 'Look it up.' }],
  };
  const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '{}' };
  const provider = await rawProvider((response, { body }) => {
    bodies.push(JSON.parse(body.toString()) as { input: Block[] });
    const whole = { id: 'resp_1', object: 'response', status: 'completed', model: 'qwen3' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...whole, output: [thought, call] }));
  });
  const { responses } = sdk(await aiGateway([{ kind: 'vllm', baseUrl: `${provider.url}/v1` }], ON));
  const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'How is the weather?' }];
  const { output } = await responses.create({ model: 'smart', input });
  input.push(...(output as typeof input));
  input.push({ type: 'function_call_output', call_id: 'call_1', output: 'sunny' });
  await responses.create({ model: 'smart', input });
  expect(bodies[1]?.input.slice(1, 3)).toEqual([thought, call]);
});
