// A long conversation stays short for the model: what is old is summarized after the answer, and recalled when asked for.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { aiGateway, chat, modelService, rawProvider } from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const NUMBER = '4711-0815';
const say = (gateway: TestGateway, content: string) =>
  chat(
    gateway,
    { model: 'smart', max_tokens: 200, messages: [{ role: 'user', content }] },
    { 'x-session-id': 'long' },
  );
const answerOf = (body: Buffer): string =>
  (JSON.parse(body.toString()) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content ?? '';
const compactions = (gateway: TestGateway, outcome: string): Promise<number> =>
  gateway.metric('gateway_context_compactions_total', { outcome });

const bytesOf = async (file: string): Promise<string> => {
  const files = [file, `${file}-wal`].map((path) => readFile(path).catch(() => Buffer.alloc(0)));
  return Buffer.concat(await Promise.all(files)).toString('latin1');
};

/** Tokens of each prompt, as its provider counts them, of a talk of 210 turns that began with the number. */
async function talk(gateway: TestGateway, { whole }: { whole: boolean }): Promise<number[]> {
  const log: object[] = [];
  const tokens: number[] = [];
  for (let turn = 1; turn < 210; turn++) {
    const content =
      turn === 1
        ? `My account number is ${NUMBER}.`
        : `Tell me about topic ${turn}, please: ${'words of no weight '.repeat(8)}`;
    log.push({ role: 'user', content });
    const messages = whole ? log : log.slice(-1);
    const { body } = await chat(
      gateway,
      { model: 'smart', max_tokens: 200, messages },
      { 'x-session-id': 'long' },
    );
    log.push({ role: 'assistant', content: answerOf(body) });
    const { usage } = JSON.parse(body.toString()) as { usage: { prompt_tokens: number } };
    tokens[turn] = usage.prompt_tokens;
  }
  return tokens;
}
// A cycle of growth and compaction each: single turns stand anywhere in theirs.
const around = (tokens: number[], turn: number): number[] => tokens.slice(turn - 10, turn + 10);
const mean = (all: number[]): number => all.reduce((sum, each) => sum + each) / all.length;

it('without compaction each turn of a long conversation is dearer than the one before: turn 200 takes several times what turn 20 does', async () => {
  const gateway = await aiGateway([await modelService()], {});
  const tokens = await talk(gateway, { whole: true });
  expect(mean(around(tokens, 200))).toBeGreaterThan(5 * mean(around(tokens, 20)));
});

it.each([
  ['its new turns', false],
  ['all of it', true],
])('input is flat for a client that sends %s: prompts around turn 200 are at most 1.3 times those around turn 20, and the first fact is still known', async (_, whole) => {
  const gateway = await aiGateway([await modelService()], {
    context: { enabled: true, compaction: { window: 2500 } },
  } as object);
  const tokens = await talk(gateway, { whole });
  expect(await compactions(gateway, 'by_facts')).toBeGreaterThan(4);
  expect(mean(around(tokens, 200))).toBeLessThanOrEqual(1.3 * mean(around(tokens, 20)));
  expect(Math.max(...around(tokens, 200))).toBeLessThanOrEqual(1.3 * Math.max(...around(tokens, 20)));
  const last = await say(gateway, 'What is my account number?');
  expect(answerOf(last.body)).toContain(NUMBER);
});

it('a summarizer that reasons is asked in the words that it takes', async () => {
  const asked: Record<string, unknown>[] = [];
  const service = await rawProvider((response, { body }) => {
    const sent = JSON.parse(body.toString()) as Record<string, unknown>;
    if (sent.model === 'o4-mini') asked.push(sent);
    const choices = [{ message: { content: `Of number ${NUMBER}.` }, finish_reason: 'stop' }];
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: 'c', choices }));
  });
  const gateway = await aiGateway([service], {
    context: { enabled: true, compaction: { window: 1500, summarizer: 'scribe' } },
    models: { scribe: { targets: [{ provider: 'p0', model: 'o4-mini' }] } },
  } as object);
  for (let turn = 1; turn <= 25; turn++)
    await say(gateway, `Tell me about topic ${turn}, please: ${'words of no weight '.repeat(8)}`);
  expect(await eventually(() => asked[0])).not.toHaveProperty('max_tokens');
  expect(asked[0]).toMatchObject({ max_completion_tokens: expect.any(Number) as number });
});

it('the summarizer is a model of the config, asked through the pipeline, off the request path, and in the books', async () => {
  const provider = await modelService();
  const gateway = await aiGateway([provider], {
    context: { enabled: true, compaction: { window: 1500, summarizer: 'scribe' } },
    models: { scribe: { targets: [{ provider: 'p0', model: 'gpt-4o' }] } },
  } as object);
  await say(gateway, `My account number is ${NUMBER}.`);
  for (let turn = 2; turn <= 25; turn++)
    await say(gateway, `Tell me about topic ${turn}, please: ${'words of no weight '.repeat(8)}`);
  const line = await eventually(() =>
    gateway.lines.find(({ msg, purpose }) => msg === 'request' && purpose === 'context'),
  );
  expect(line).toMatchObject({ model: 'scribe', consumer: 'app', status: 200, outcome: 'complete' });
  expect(line.caused_by).toBeTruthy();
  expect(
    await eventually(
      async () => (await compactions(gateway, 'by_model')) + (await compactions(gateway, 'by_facts')) > 0,
    ),
  ).toBe(true);
  const rows = () =>
    gateway.lines.flatMap(({ context }) => (context ? [context as Record<string, unknown>] : []));
  expect(await eventually(() => rows().find(({ op }) => op === 'compact'))).toMatchObject({
    ...{ tenant: 'app', user: '', session: 'long', outcome: expect.stringMatching(/^by_/) as string },
    turn: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
    version: expect.any(Number) as number,
    tokens: expect.any(Number) as number,
    digest: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
    duration_ms: expect.any(Number) as number,
  });
  expect(answerOf((await say(gateway, 'What is my account number?')).body)).toContain(NUMBER);
});

/** A gateway whose conversation is just being summarized: the summarizer says nothing before it is let go. */
async function whileSummarizing() {
  const scribe = await knowingProvider();
  const gateway = await aiGateway([await knowingProvider(), scribe], {
    context: { enabled: true, compaction: { window: 1500, summarizer: 'backup-1' } },
  } as object);
  const held = scribe.hold('<transcript>');
  for (let turn = 1; turn <= 20; turn++)
    await say(gateway, `My topic is number ${4000 + turn}: ${'words of no weight '.repeat(12)}`);
  await held.came;
  return { scribe, gateway, held };
}

it('while a summary is being written no turn asks for another', async () => {
  const { scribe, gateway, held } = await whileSummarizing();
  await eventually(async () => (await compactions(gateway, 'leased')) > 0);
  expect(scribe.prompts).toHaveLength(1);
  held.go();
  const made = async () =>
    (await compactions(gateway, 'by_facts')) + (await compactions(gateway, 'by_model'));
  await eventually(async () => (await made()) === 1);
  expect(await compactions(gateway, 'overtaken')).toBe(0);
});

it('a gateway that stops does not wait for a summary, and the call for it is recorded', async () => {
  const { gateway, held } = await whileSummarizing();
  await gateway.close();
  held.go();
  const line = gateway.lines.find(({ msg, purpose }) => msg === 'request' && purpose === 'context');
  expect(line).toMatchObject({ model: 'backup-1', reason: 'draining' });
});

it('nothing that was said is readable in the store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'store.db');
  const gateway = await aiGateway([await modelService()], {
    store: { url: `sqlite:${file}` },
    ai: { cache: { store: 'shared' } },
    context: { enabled: true, privacy: { redact: ['email'], encryptWith: 'a secret that nobody can guess' } },
  } as object);
  await say(gateway, `My account number is ${NUMBER}, my address ada@example.com.`);
  expect(answerOf((await say(gateway, 'What is my account number?')).body)).toContain(NUMBER);
  // Answers are kept there for others to hear, by now: of those that belong to no conversation.
  const alone = { model: 'smart', messages: [{ role: 'user', content: 'Hello.' }] };
  await eventually(async () => (await chat(gateway, alone)).headers['x-gateway-cache'] === 'hit');
  const bytes = await bytesOf(file);
  expect(bytes.length).toBeGreaterThan(1000);
  const answers = [...bytes.matchAll(/"body":"([\w+/=]+)"/g)].map(([, body = '']) =>
    Buffer.from(body, 'base64'),
  );
  expect(answers).not.toEqual([]);
  const all = bytes + Buffer.concat(answers).toString();
  expect([NUMBER, 'account number', 'ada@example.com'].filter((said) => all.includes(said))).toEqual([]);
});

it('what was redacted is in no summary and in no later prompt either', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'store.db');
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], {
    store: { url: `sqlite:${file}` },
    context: { enabled: true, compaction: { window: 1200 }, privacy: { redact: ['email'] } },
  });
  await say(gateway, 'My email is ada@example.com.');
  expect(JSON.stringify(provider.prompts[0])).toContain('ada@example.com');
  for (let turn = 2; turn <= 25; turn++)
    await say(gateway, `Tell me about topic ${turn}, please: ${'words of no weight '.repeat(8)}`);
  expect(await eventually(async () => (await compactions(gateway, 'by_facts')) > 0)).toBe(true);
  await say(gateway, 'What is my email?');
  const later = JSON.stringify(provider.prompts.slice(1));
  expect(later).toContain('[EMAIL]');
  expect(later).not.toContain('ada@example.com');
  expect(await bytesOf(file)).not.toContain('ada@example.com');
});

it('tools have their part of what the model can take', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction: { window: 2000 } } });
  const description = 'what it does, in many words '.repeat(140);
  const tools = [{ type: 'function', function: { name: 'look_up', description, parameters: {} } }];
  for (let turn = 1; turn <= 12; turn++) {
    const messages = [{ role: 'user', content: `Topic ${turn}: ${'words of no weight '.repeat(16)}` }];
    await chat(gateway, { model: 'smart', max_tokens: 100, tools, messages }, { 'x-session-id': 'tools' });
  }
  const sizes = provider.prompts.map((messages) => JSON.stringify([messages, tools]).length / 4);
  expect(Math.max(...sizes)).toBeLessThan(2000 - 100);
});

it('pictures that were sent before have their part of what the model can take', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction: { window: 8000 } } });
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
  for (let turn = 1; turn <= 10; turn++) {
    const content = [{ type: 'text', text: `What is in picture ${turn}?` }, picture];
    const body = { model: 'smart', max_tokens: 100, messages: [{ role: 'user', content }] };
    expect((await chat(gateway, body, { 'x-session-id': 'pictures' })).status).toBe(200);
  }
  const pictures = provider.prompts.map((prompt) => JSON.stringify(prompt).split('iVBORw0KGgo').length - 1);
  expect(pictures.slice(0, 4)).toEqual([1, 2, 3, 4]);
  expect(Math.max(...pictures)).toBeLessThan(8);
});

it('a system text that was sent once is in force after its turn was summarized', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction: { window: 1200 } } });
  for (let turn = 1; turn <= 20; turn++) {
    const first = turn === 1 ? [{ role: 'system', content: 'Speak like a pirate.' }] : [];
    const messages = [
      ...first,
      { role: 'user', content: `Topic ${turn}: ${'words of no weight '.repeat(10)}` },
    ];
    await chat(gateway, { model: 'smart', max_tokens: 100, messages }, { 'x-session-id': 'once' });
  }
  expect(await eventually(async () => (await compactions(gateway, 'by_facts')) > 0)).toBe(true);
  for (const prompt of provider.prompts)
    expect(prompt[0]).toEqual({ role: 'system', content: 'Speak like a pirate.' });
});

/** A provider that counts two bytes a token, and refuses what is longer than it reads, in the words of its vendor. */
async function denseProvider(window: number, isCounted = true) {
  const sizes: number[] = [];
  const service = await rawProvider((response, { body }) => {
    const { messages } = JSON.parse(body.toString()) as { messages: object[] };
    const prompt_tokens = Math.ceil(Buffer.byteLength(JSON.stringify(messages)) / 2);
    sizes.push(prompt_tokens);
    response.setHeader('content-type', 'application/json');
    if (prompt_tokens > window) {
      const message = `prompt is too long: ${prompt_tokens} tokens > ${window} maximum`;
      response.statusCode = 400;
      response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null } }));
      return;
    }
    const choices = [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }];
    const usage = { prompt_tokens, completion_tokens: 1, total_tokens: prompt_tokens + 1 };
    response.end(
      JSON.stringify({ id: 'c', object: 'chat.completion', choices, ...(isCounted && { usage }) }),
    );
  });
  return Object.assign(service, { sizes });
}

/** 400 bytes in hex. */
const dumpOf = (turn: number): string => turn.toString(16).padStart(8, '0').repeat(50);

/** The statuses of sixty turns of a session that say such a thing each. */
async function hexTurns(gateway: TestGateway): Promise<number[]> {
  const statuses: number[] = [];
  for (let turn = 1; turn <= 60; turn++) statuses.push((await say(gateway, dumpOf(turn))).status);
  return statuses;
}

it('a conversation of which its provider counts more tokens than bytes let guess does not outgrow its model', async () => {
  const provider = await denseProvider(5000);
  const gateway = await aiGateway([provider], {
    context: { enabled: true, compaction: { window: 5000 } },
  } as object);
  expect(await hexTurns(gateway)).toEqual(Array(60).fill(200));
  expect(Math.max(...provider.sizes)).toBeGreaterThan(2500);
});

it('one that has outgrown it all the same, as nobody counts, goes on with its next turn, and does not do so again', async () => {
  const provider = await denseProvider(5000, false);
  const gateway = await aiGateway([provider], {
    context: { enabled: true, compaction: { window: 5000 } },
  } as object);
  const statuses = await hexTurns(gateway);
  expect(statuses.filter((status) => status !== 200)).toEqual([400]);
  expect(statuses.at(-1)).toBe(200);
});

it('nor does one whose model’s window is smaller than anybody knows', async () => {
  const provider = await denseProvider(5000);
  const gateway = await aiGateway([provider], { context: { enabled: true } } as object);
  const statuses = await hexTurns(gateway);
  expect(statuses.filter((status) => status !== 200)).toEqual([400]);
});

it('of a log that its client sends whole as much is sent as its provider takes', async () => {
  const provider = await denseProvider(5000);
  const gateway = await aiGateway([provider], {
    context: { enabled: true, compaction: { window: 5000 } },
  } as object);
  const messages: object[] = [];
  for (let turn = 1; turn <= 40; turn++) {
    messages.push({ role: 'user', content: dumpOf(turn) });
    const answer = await chat(
      gateway,
      { model: 'smart', max_tokens: 200, messages },
      { 'x-session-id': 'whole' },
    );
    expect([turn, answer.status]).toEqual([turn, 200]);
    messages.push({ role: 'assistant', content: 'ok' });
  }
  expect(Math.max(...provider.sizes)).toBeGreaterThan(4000);
});

it.each([
  ['longer than all that the model takes', { max_tokens: 4000 }],
  ['of several, each longer than that', { max_tokens: 4000, n: 8 }],
  ['of several short ones', { max_tokens: 200, n: 8 }],
])('an answer that may be %s takes nothing from a conversation that fits', async (_, more) => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction: { window: 2000 } } });
  const first = { role: 'user', content: `My account number is 4711. ${'words of no weight '.repeat(90)}` };
  const next = { role: 'user', content: 'What is my account number?' };
  const told = { role: 'assistant', content: 'I have read 1 messages.' };
  for (const [session, second] of [
    ['delta', [next]],
    ['full', [first, told, next]],
  ] as const) {
    const prompts = provider.prompts.length;
    for (const messages of [[first], second])
      await chat(gateway, { model: 'smart', ...more, messages }, { 'x-session-id': session });
    const sent = provider.prompts.slice(prompts).map((prompt) => prompt.map(({ content }) => content));
    expect(sent).toEqual([[first.content], [first, told, next].map(({ content }) => content)]);
  }
});

it.each(['length', 'content_filter'])('a summary that ended with %s is none', async (finish_reason) => {
  const service = await rawProvider((response, { body }) => {
    const { model } = JSON.parse(body.toString()) as { model: string };
    const choice =
      model === 'scribe-1'
        ? { message: { content: `Of number ${NUMBER}, and the user wants to` }, finish_reason }
        : { message: { content: 'ok' }, finish_reason: 'stop' };
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ id: 'c', choices: [{ index: 0, ...choice }] }));
  });
  const gateway = await aiGateway([service], {
    context: { enabled: true, compaction: { window: 1500, summarizer: 'scribe' } },
    models: { scribe: { targets: [{ provider: 'p0', model: 'scribe-1' }] } },
  } as object);
  await say(gateway, `My account number is ${NUMBER}.`);
  for (let turn = 2; turn <= 25; turn++)
    await say(gateway, `Tell me about topic ${turn}, please: ${'words of no weight '.repeat(8)}`);
  await eventually(async () => (await compactions(gateway, 'refused_failed')) > 0);
  expect(await compactions(gateway, 'by_facts')).toBeGreaterThan(0);
  expect(await compactions(gateway, 'by_model')).toBe(0);
});
