// Marks that nobody sees carry no denied topic out of an answer; and an answer with such marks that touches none stays as it is.
import { expect, it } from 'vitest';
import {
  aiGateway,
  chat,
  DONE,
  errorOf,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  word,
} from '../helpers/ai.ts';

const denying = (longest = 12) => ({
  policies: [{ 'deny-topics': { topics: [{ name: 'secret', words: ['swordfish'] }], longest } }],
});
const ask = (stream: boolean) => ({
  ...{ model: 'smart', stream },
  messages: [{ role: 'user', content: 'Tell me.' }],
});
/** Answers whole, or in pieces of so many characters. */
const says = (content: string, size = 1) =>
  rawProvider((response, { body }) => {
    if (String(body).includes('"stream":true')) {
      const pieces = content.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];
      return response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${pieces.map(word).join('')}${STOP}${DONE}`);
    }
    const message = { role: 'assistant', content };
    const answer = { id: 'c', choices: [{ index: 0, message, finish_reason: 'stop' }] };
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
const said = (body: Buffer): string =>
  [...body.toString().matchAll(/"content":("(?:[^"\\]|\\.)*")/g)]
    .map(([, text]) => JSON.parse(text as string) as string)
    .join('');

const HIDDEN: readonly [string, string][] = [
  ['a mark in it', 'sword\u200bfish'],
  ['a mark after each letter', [...'swordfish'].join('\u200d\u2060')],
  ['tags in it', 'sword\u{e0041}\u{e007f}fish'],
  ['many marks in it', `sword${'\u200b'.repeat(90)}fish`],
  ['wide letters', 'ｓｗｏｒｄｆｉｓｈ'],
];

it.each(HIDDEN)('a topic with %s ends a whole answer', async (_, topic) => {
  const gateway = await aiGateway([await says(`All I know is the ${topic}.`)], denying());
  const answer = await chat(gateway, ask(false));
  expect([answer.status, errorOf(answer).code]).toEqual([400, 'content_filtered']);
  expect((await lineOf(gateway, answer)).guards).toEqual(['deny-topics answer blocked secret']);
});

it.each(
  HIDDEN.flatMap(([name, topic]) => [1, 2, 5, 400].map((size) => [name, size, topic] as const)),
)('with %s, in a stream of pieces of %i, before any of it is said', async (_, size, topic) => {
  const provider = await says(`All I know of it is the ${topic}. And much more than that.`, size);
  const { body } = await chat(await aiGateway([provider], denying()), ask(true));
  expect(body.toString()).toContain('"finish_reason":"content_filter"');
  expect('All I know of it is the '.startsWith(said(body))).toBe(true);
});

it('what such marks are for goes on, and a word within another is none', async () => {
  const text =
    'A family: 👩\u200d👩\u200d👧. می\u200cخواهم. Two sword\u200bfishes, ﬁne… and a\u00adgain 😀😀😀😀.';
  for (const size of [1, 3, 400]) {
    const gateway = await aiGateway([await says(text, size)], denying());
    expect(said((await chat(gateway, ask(true))).body)).toBe(text);
    expect(said((await chat(gateway, ask(false))).body)).toBe(text);
  }
});
