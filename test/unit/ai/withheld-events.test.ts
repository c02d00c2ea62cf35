// What the gateway asked a stream for, and its client did not, is kept from the client; every other byte is the provider's.
import { expect, it } from 'vitest';
import { openaiChat } from '../../../src/ai/dialects/openai-chat/index.ts';
import { BytePassage } from '../../../src/ai/passage.ts';
import { StreamWatch } from '../../../src/ai/watch.ts';
import { WithheldEvents } from '../../../src/ai/withheld-events.ts';

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const filtered = event({ choices: [], usage: null, prompt_filter_results: [] });
const said = event({ choices: [{ delta: { content: 'grüß "choices":[] 😀' } }], usage: null });
const stop = event({ choices: [{ delta: {}, finish_reason: 'stop' }], usage: null });
const bill = event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } });
const done = 'data: [DONE]\n\n';

function passed(pieces: readonly Buffer[]): string {
  const withheld = new WithheldEvents((each) => openaiChat.isOnlyUsage?.(each) ?? false);
  const watch = new StreamWatch(openaiChat, undefined, { withheld });
  const passage = new BytePassage(withheld);
  let text = '';
  for (const piece of pieces) {
    watch.see(piece);
    text += passage.pass(piece).toString('latin1');
  }
  watch.end();
  text += Buffer.from(passage.last(undefined, () => '')).toString('latin1');
  expect(watch.usage).toMatchObject({ input: 5, output: 2 });
  return Buffer.from(text, 'latin1').toString();
}

it.each([
  ['LF', '\n'],
  ['CR LF', '\r\n'],
  ['CR', '\r'],
])('wherever the bytes were cut, with lines that end in %s', (_name, end) => {
  const written = (text: string): string => text.replaceAll('\n', end);
  const all = Buffer.from(written(`: alive\n\n${filtered}${said}${stop}${bill}${done}`));
  const kept = written(`: alive\n\n${filtered}${said}${stop}${done}`);

  for (let at = 0; at <= all.length; at++) expect(passed([all.subarray(0, at), all.subarray(at)])).toBe(kept);
  expect(passed([...all].map((byte) => Buffer.from([byte])))).toBe(kept);
});

it('as the last event without its empty line, too', () => {
  expect(passed([Buffer.from(said + bill.trimEnd())])).toBe(said);
});

it('of two that were read the one whose bytes pass first, behind empty lines', () => {
  const withheld = new WithheldEvents((each) => 'usage' in each);
  const extra = event({ usage: {} });
  for (let i = 0; i < 2; i++) withheld.saw({ usage: {} });
  expect(withheld.pass(Buffer.from(`\n\n${extra}${done}`)).toString()).toBe(`\n\n${done}`);
  expect(withheld.pass(Buffer.from(done + extra)).toString()).toBe(done);
  // None is due any more: what looks like one is the provider's own.
  expect(withheld.pass(Buffer.from(extra)).toString()).toBe(extra);
  expect(withheld.without(Buffer.from(`\n\n${extra}${done}${done}${extra}`)).toString()).toBe(
    `\n\n${done}${done}`,
  );
});
