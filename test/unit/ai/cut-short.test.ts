// What a call came to that was cut short: all of what is certain, and of the rest what there may have been by then.
import { expect, it } from 'vitest';
import { billOf } from '../../../src/ai/bill.ts';
import { lookedAt } from '../../../src/ai/dialects/operations/index.ts';
import { UnknownEventReader } from '../../../src/ai/dialects/operations/unknown-events.ts';
import { OPERATIONS } from '../../../src/ai/operations/index.ts';
import { operationUsage } from '../../../src/ai/operations/usage.ts';
import { PartFacts } from '../../../src/ai/part-facts.ts';
import { readCall, usageOf } from '../../../src/ai/passthrough-call.ts';
import { requestFacts } from '../../../src/ai/request-facts.ts';
import type { OperationName, OperationUsage } from '../../../src/contracts/format.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';
import type { Usage } from '../../../src/contracts/usage.ts';

type JsonObject = Record<string, unknown>;

/** Bills a call that was sent `seconds` ago and is cut now, when `parts` have come. */
async function cut(
  body: JsonObject,
  seconds: number,
  { usage, kind = 'chat' }: { usage?: OperationUsage | undefined; kind?: string } = {},
  parts: readonly StreamPart[] = [],
): Promise<Usage> {
  const facts = new PartFacts();
  for (const part of parts) facts.take(part);
  const call = {
    request: { ...requestFacts(body, {}, ['max_tokens']), stream: body.stream === true, usage },
    format: { kind },
    bytes: Buffer.from(JSON.stringify(body)),
    budgets: { output: 4096 },
    sentAt: 1_000,
    exchange: { ai: null, context: null },
    ports: {
      clock: { monotonic: () => 1_000 + seconds * 1_000 },
      // A token a word.
      tokens: {
        count: async (_: string, texts: string[]) => texts.map((text) => text.split(' ').length - 1),
      },
    },
  };
  const bill = await billOf(call as never, facts, { price: () => 1 } as never);
  expect(bill).toMatchObject({ source: 'estimated', usd: 1 });
  return bill.usage;
}

const messages = [{ role: 'user', content: 'Say all that there is to say.' }];

it.each([
  ['by the time that it was given', { messages }, 6, 300],
  ['for each of its answers', { messages, n: 3 }, 6, 900],
  ['and no more than it allows', { messages, max_tokens: 100 }, 6, 100],
  ['nor than is reserved where it says nothing of that', { messages }, 600, 4096],
  ['nothing in no time', { messages, max_tokens: 16_000 }, 0.01, 0],
  ['nothing of a stream, which shows what it makes', { messages, stream: true }, 60, 0],
])('a chat of which nothing came: %s', async (_what, body, seconds, output) => {
  const usage = await cut(body, seconds);
  expect(usage.output).toBe(output);
  expect(usage.input).toBeGreaterThan(6);
});

it('searches that were made by then are owed, and what was read before is estimated', async () => {
  const said = { input: 0, output: 0, cached: 0, searches: 2, containers: 1 };
  const parts: StreamPart[] = [{ type: 'usage', usage: said, isEarly: true }];
  const usage = await cut({ messages, stream: true }, 6, {}, parts);
  expect(usage).toMatchObject({ searches: 2, containers: 1, output: 0 });
  expect(usage.input).toBeGreaterThan(6);
});

it('vectors put nothing out, however long it takes', async () => {
  const usage = await cut({ input: 'one two three ' }, 60, { kind: 'embeddings' });
  expect(usage).toMatchObject({ output: 0 });
  expect(usage.input).toBeGreaterThan(2);
});

function operation(name: OperationName, body: JsonObject): { usage: OperationUsage; kind: string } {
  const format = OPERATIONS.find((each) => each.name === name);
  if (!format) throw new Error(name);
  const sent = { bytes: Buffer.from(JSON.stringify(body)), contentType: 'application/json' };
  return { usage: operationUsage(format, body, sent), kind: 'operation' };
}

it('pictures are owed that were ordered, and of their tokens what there may have been', async () => {
  const body = { prompt: 'a red kite', n: 10 };
  const painting = operation('openai-images', body);
  const first: StreamPart[] = [
    { type: 'item' },
    { type: 'usage', usage: { input: 12, output: 6000, imageOutput: 6000, cached: 0, images: 1 } },
    { type: 'finish', reason: 'stop' },
  ];

  expect(await cut(body, 2, painting)).toMatchObject({ images: 10, output: 1000, imageOutput: 1000 });
  expect(await cut(body, 9_999, painting)).toMatchObject({ images: 10, output: 70_240 });
  // One of them was there, and said what it came to itself.
  expect(await cut(body, 2, painting, first)).toMatchObject({ input: 12, images: 10, imageOutput: 6000 });
  expect(await cut(body, 20, painting, first)).toMatchObject({ input: 12, images: 10, output: 10_000 });
});

it('what was to be spoken, and what was to be read, is owed in full', async () => {
  const body = { input: 'x'.repeat(1_000) };
  const usage = await cut(body, 4, operation('openai-speech', body));
  expect(usage).toMatchObject({ characters: 1_000, input: 334, output: 2_000, audioOutput: 2_000 });
  const asked = { query: 'x', documents: ['a', 'b'] };
  expect(await cut(asked, 60, operation('rerank', asked))).toMatchObject({ searches: 1, output: 0 });
});

/** A call in a provider's own words. */
function passed(path: string, body: JsonObject) {
  const bytes = Buffer.from(JSON.stringify(body));
  const known = readCall('POST', path, bytes, 'application/json');
  const sent = { bytes, contentType: 'application/json' };
  const usage = usageOf('', path, { ...known, maxOutput: 16_000 }, sent, { output: 4096, searches: 10 }, 0);
  return { usage, kind: 'operation' };
}

it('so it is in a provider’s own words', async () => {
  const body = { model: 'm', prompt: 'hi', max_tokens: 16_000 };
  expect(await cut(body, 6, passed('/completions', body))).toMatchObject({ output: 300 });
  expect(await cut(body, 600, passed('/completions', body))).toMatchObject({ output: 16_000 });
  const edit = { model: 'm', n: 10 };
  expect(await cut(edit, 2, passed('/images/edits', edit))).toMatchObject({ images: 10, output: 1000 });
});

/** What a stream of these events says to who reads it as nobody's. */
function read(...events: JsonObject[]): StreamPart[] {
  const parts: StreamPart[] = [];
  const reader = new UnknownEventReader((part) => void parts.push(part));
  for (const event of events) reader.read(event, '');
  return parts;
}

const begun = (usage: object) => ({ type: 'message_start', message: { usage } });
const delta = (text: string) => ({ type: 'content_block_delta', delta: { type: 'text_delta', text } });

it('a stream in words of its own is counted by what went by: what it said at its start is no end', async () => {
  const body = { model: 'm', max_tokens: 16_000, stream: true, messages };
  const call = passed('/model/m/invoke-with-response-stream', body);
  const start = begun({ input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 1 });
  const words = Array.from({ length: 400 }, () => delta('word '.repeat(20)));

  const usage = await cut(body, 60, call, read(start, ...words));

  expect(usage).toMatchObject({ input: 14, cached: 4, output: 8_000 });
  // Before its first word nothing is known of any.
  expect(await cut(body, 60, call)).toMatchObject({ output: 0 });
});

it('what comes in no form that anybody knows is estimated by its time', async () => {
  const body = { model: 'm', stream: true };
  const parts = read({ chunk: 'AAAA' }, { chunk: 'BBBB' });
  expect(await cut(body, 6, passed('/run', body), parts)).toMatchObject({ output: 300 });
});

it('what was made before, and is only looked at, has no words that are owed', () => {
  const parts: StreamPart[] = [];
  const reader = lookedAt.openStream?.((part) => void parts.push(part));
  reader?.read({ type: 'response.output_text.delta', delta: 'made long ago' }, '');
  expect(parts).toEqual([{ type: 'item' }]);
});
