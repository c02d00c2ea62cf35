// A provider's bytes come in pieces of any size. Whatever the pieces, the same is read, billed and passed on.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { anthropicMessages as anthropicDialect } from '../../../src/ai/dialects/anthropic-messages/index.ts';
import { bedrockConverse } from '../../../src/ai/dialects/bedrock-converse/index.ts';
import { cohereChat } from '../../../src/ai/dialects/cohere-chat/index.ts';
import { gemini as geminiDialect } from '../../../src/ai/dialects/gemini/index.ts';
import { openaiChat as openaiDialect } from '../../../src/ai/dialects/openai-chat/index.ts';
import { openaiResponses } from '../../../src/ai/dialects/openai-responses/index.ts';
import { CHAT_FORMATS } from '../../../src/ai/formats/index.ts';
import { TranslatedPassage } from '../../../src/ai/passage.ts';
import { pricerOf } from '../../../src/ai/prices.ts';
import { StreamWatch } from '../../../src/ai/watch.ts';
import type { Dialect } from '../../../src/contracts/provider.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';

const fixture = (name: string, { stream }: Dialect): Buffer =>
  readFileSync(
    new URL(`../../fixtures/providers/${name}.${stream ? 'eventstream' : 'sse'}`, import.meta.url),
  );

const RECORDED = [
  ['openai-chat-tools', openaiDialect],
  ['openai-chat-crlf', openaiDialect],
  ['openai-responses-tools', openaiResponses('openai')],
  ['anthropic-messages-tools', anthropicDialect],
  ['anthropic-messages-citation', anthropicDialect],
  ['gemini-tools', geminiDialect],
  ['gemini-grounded', geminiDialect],
  ['bedrock-converse-tools', bedrockConverse],
  ['cohere-chat-tools', cohereChat],
  ['cohere-chat-citation', cohereChat],
] as const;

const NAME = { requestId: 'r1', model: 'smart', created: 1_763_900_000 };
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
    expect(
      carried(
        dialect,
        Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)),
      ),
    ).toEqual(whole);
  });

  it('is the same cut in two, wherever', () => {
    for (let at = 1; at < bytes.length; at++) {
      const { parts, usd } = carried(dialect, [bytes.subarray(0, at), bytes.subarray(at)]);
      if (usd !== whole.usd || JSON.stringify(parts) !== JSON.stringify(whole.parts))
        expect(parts, `cut at ${at}`).toEqual(whole.parts);
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
