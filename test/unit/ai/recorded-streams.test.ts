// A provider's bytes come in pieces of any size. Whatever the pieces, the same is read, billed and passed on.
import { existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { beginAnswer } from '../../../src/ai/begin-answer.ts';
import type { PreparedCall } from '../../../src/ai/chat-call.ts';
import { anthropicMessages as anthropicDialect } from '../../../src/ai/dialects/anthropic-messages/index.ts';
import { bedrockConverse } from '../../../src/ai/dialects/bedrock-converse/index.ts';
import { cohereChat } from '../../../src/ai/dialects/cohere-chat/index.ts';
import { gemini as geminiDialect } from '../../../src/ai/dialects/gemini/index.ts';
import { openaiChat as openaiDialect } from '../../../src/ai/dialects/openai-chat/index.ts';
import { openaiResponses } from '../../../src/ai/dialects/openai-responses/index.ts';
import { CHAT_FORMATS } from '../../../src/ai/formats/index.ts';
import { openaiChat } from '../../../src/ai/formats/openai-chat/index.ts';
import { gatherAnswer } from '../../../src/ai/gather-answer.ts';
import { TranslatedPassage } from '../../../src/ai/passage.ts';
import { pricerOf } from '../../../src/ai/prices.ts';
import { StreamWatch } from '../../../src/ai/watch.ts';
import type { Format } from '../../../src/contracts/format.ts';
import type { Dialect } from '../../../src/contracts/provider.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';
import type { UpstreamAnswer } from '../../../src/upstream/call.ts';

const recorded = (file: string): URL => new URL(`../../fixtures/providers/${file}`, import.meta.url);
const fixture = (name: string, { stream }: Dialect): Buffer =>
  readFileSync(recorded(`${name}.${stream ? 'eventstream' : 'sse'}`));

const RECORDED = [
  ['openai-chat-tools', openaiDialect],
  ['openai-chat-crlf', openaiDialect],
  ['openai-chat-choices', openaiDialect],
  ['openai-chat-thoughts', openaiDialect],
  ['openai-responses-tools', openaiResponses('openai')],
  ['openai-responses-sealed', openaiResponses('openai')],
  ['anthropic-messages-tools', anthropicDialect],
  ['anthropic-messages-citation', anthropicDialect],
  ['anthropic-messages-refusal', anthropicDialect],
  ['gemini-tools', geminiDialect],
  ['gemini-grounded', geminiDialect],
  ['gemini-pictures', geminiDialect],
  ['bedrock-converse-tools', bedrockConverse],
  ['bedrock-converse-thoughts', bedrockConverse],
  ['cohere-chat-tools', cohereChat],
  ['cohere-chat-citation', cohereChat],
  ['cohere-chat-thoughts', cohereChat],
] as const;

const NAME = { id: 'r1', requestId: 'r1', model: 'smart', created: 1_763_900_000 };
const price = pricerOf('m', 'http://127.0.0.1', {
  input: 1,
  output: 10,
  cachedInput: 0.1,
  perRequest: 0,
  tiers: {},
});

/** What comes of a stream that arrives in these pieces, in every format that a client may speak. */
function carried(dialect: (typeof RECORDED)[number][1], pieces: Iterable<Buffer>) {
  const parts: StreamPart[] = [];
  const passages = CHAT_FORMATS.map((format) => {
    const request = format.readRequest({ messages: [], input: [], stream_options: { include_usage: true } });
    const writer = format.openStream?.(request, NAME);
    if (!writer) throw new Error(`${format.name} has no streams`);
    return new TranslatedPassage(writer);
  });
  const watch = new StreamWatch(dialect, (part) => {
    parts.push(part);
    for (const passage of passages) passage.take(part);
  });
  for (const piece of pieces) watch.see(piece);
  watch.end();
  const { usage, finishReason, text, characters, done, failed } = watch;
  const said = passages.map((passage) => passage.last(undefined, () => ''));
  return { parts, said, usage, usd: usage && price(usage), finishReason, text, characters, done, failed };
}

const byByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

describe.each(RECORDED)('%s', (name, dialect) => {
  const bytes = fixture(name, dialect);
  const whole = carried(dialect, [bytes]);

  it('is read as it was meant, and written in each format', async () => {
    const { said, ...read } = whole;
    const golden = `../../fixtures/golden/${name}`;
    await expect(`${JSON.stringify(read, null, 2)}\n`).toMatchFileSnapshot(`${golden}.read.json`);
    for (const [i, format] of CHAT_FORMATS.entries())
      await expect(said[i]).toMatchFileSnapshot(`${golden}.to-${format.name}.sse`);
  });

  it('is the same byte by byte', () => {
    expect(carried(dialect, byByte(bytes))).toEqual(whole);
  });

  it('is the same cut in two, wherever', () => {
    for (let at = 1; at < bytes.length; at++) {
      const { parts, usd } = carried(dialect, [bytes.subarray(0, at), bytes.subarray(at)]);
      if (usd !== whole.usd || JSON.stringify(parts) !== JSON.stringify(whole.parts))
        expect(parts, `cut at ${at}`).toEqual(whole.parts);
    }
  });
});

/** What comes of an answer that is not streamed and arrives in these pieces: read, and in a client's format. */
async function answered(dialect: Dialect, pieces: Buffer[], format: Format = openaiChat) {
  const request = format.readRequest({ messages: [], input: [] });
  const translation: PreparedCall['translation'] = {
    answer: (parts) =>
      Buffer.from(JSON.stringify(format.writeAnswer(gatherAnswer(parts), NAME, request), null, 2)),
    refusal: () => undefined,
    openStream: () => undefined,
  };
  const headers = { 'content-type': 'application/json' };
  const answer = { statusCode: 200, headers, body: Readable.from(pieces) } as UpstreamAnswer;
  const begun = await beginAnswer(answer, { dialect, translation } as PreparedCall, 'whole', () => undefined);
  if (begun.kind !== 'whole' || !begun.facts) throw new Error('it is no answer');
  const { usage, finishReason, text } = begun.facts;
  const said = begun.body.toString();
  return { parts: begun.parts, said, usage, usd: usage && price(usage), finishReason, text };
}

describe.each(
  RECORDED.filter(([name]) => existsSync(recorded(`${name}.json`))),
)('%s, whole', (name, dialect) => {
  const bytes = readFileSync(recorded(`${name}.json`));

  it('says, uses and costs what its stream does', async () => {
    const streamed = carried(dialect, [fixture(name, dialect)]);
    const { parts, usd } = await answered(dialect, [bytes]);
    expect(gatherAnswer(parts)).toEqual(gatherAnswer(streamed.parts));
    expect(usd).toBe(streamed.usd);
  });

  it('is written in each format', async () => {
    for (const format of CHAT_FORMATS)
      await expect(`${(await answered(dialect, [bytes], format)).said}\n`).toMatchFileSnapshot(
        `../../fixtures/golden/${name}.to-${format.name}.json`,
      );
  });

  it('is the same byte by byte, and cut in two, wherever', async () => {
    const whole = await answered(dialect, [bytes]);
    expect(await answered(dialect, byByte(bytes))).toEqual(whole);
    const text = JSON.stringify(whole);
    for (let at = 1; at < bytes.length; at++) {
      const cut = await answered(dialect, [bytes.subarray(0, at), bytes.subarray(at)]);
      if (JSON.stringify(cut) !== text) expect(cut, `cut at ${at}`).toEqual(whole);
    }
  });
});

it('what one dialect says, written for clients and read again, is the same', () => {
  const again = [openaiDialect, openaiResponses('openai'), anthropicDialect];
  const meaning = ({ parts }: ReturnType<typeof carried>) => {
    const of = (type: string, key: string) =>
      parts.flatMap((part) => (part.type === type ? [Reflect.get(part, key)] : [])).join('');
    return {
      text: of('text', 'text'),
      reasoning: of('reasoning', 'text'),
      calls: of('tool-call-start', 'id'),
      arguments: of('tool-call-arguments', 'text'),
      finish: of('finish', 'reason'),
    };
  };
  for (const [name, dialect] of RECORDED.filter(([each]) => each.endsWith('tools'))) {
    const first = carried(dialect, [fixture(name, dialect)]);
    for (const [i, reader] of again.entries()) {
      const second = carried(reader, [Buffer.from(first.said[i] as string)]);
      expect(meaning(second), `${name} as ${CHAT_FORMATS[i]?.name}`).toEqual(meaning(first));
      expect(second.usage).toEqual(first.usage);
    }
  }
});
