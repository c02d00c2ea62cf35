import { createHash } from 'node:crypto';
import type { Case } from '../harness/suite.ts';

/** The key that every request brings, whether the subject looks at it or not. LiteLLM wants the `sk-`. */
export const KEY = 'sk-bench-0123456789abcdef';
export const KEY_SHA256 = createHash('sha256').update(KEY).digest('hex');

const KILOBYTE = 1024;

/** What a frame becomes when a text of `x` brings it to exactly so many bytes: ASCII, special to neither shell, nginx nor Lua. */
function filled(bytes: number, frame: (text: string) => object): string {
  const empty = JSON.stringify(frame(''));
  return JSON.stringify(frame('x'.repeat(bytes - empty.length)));
}

const json = (bytes: number, label: string): string => filled(bytes, (text) => ({ label, text }));

/** What the upstream of the API suites answers. */
export const ANSWER = json(KILOBYTE, 'answer');

const headers = { accept: 'application/json', 'user-agent': 'bench/1.0', 'x-api-key': KEY };
const posted = { ...headers, 'content-type': 'application/json' };
const shared = { path: '/api/v1/items', answer: ANSWER };

/** A query of an API: no body, 1 kB back. */
export const GET_1KB: Case = { ...shared, name: 'GET, answer of 1 kB', method: 'GET', headers, body: '' };

/** A command to an API: 1 kB there, 1 kB back. */
export const POST_1KB: Case = {
  ...shared,
  name: 'POST of 1 kB, answer of 1 kB',
  method: 'POST',
  headers: posted,
  body: json(KILOBYTE, 'question'),
};

/** A large command: 100 kB there, 1 kB back. */
export const POST_100KB: Case = {
  ...POST_1KB,
  name: 'POST of 100 kB, answer of 1 kB',
  body: json(100 * KILOBYTE, 'question'),
};

/** The model that calls ask for, by whichever name a subject knows it. */
export const MODEL = 'gpt-4o-mini';

const SAID = 'The refund is on its way.';
const message = (text: string) => ({
  index: 0,
  message: { role: 'assistant', content: `${SAID} ${text}` },
  finish_reason: 'stop',
});

/** What the model answers: 1 kB in OpenAI's chat format. */
export const CHAT_ANSWER = filled(KILOBYTE, (text) => ({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: MODEL,
  choices: [message(text)],
  usage: { prompt_tokens: 200, completion_tokens: 150, total_tokens: 350 },
}));

const question = (bytes: number, more: object): string =>
  filled(bytes, (text) => ({
    model: MODEL,
    messages: [
      { role: 'system', content: 'You answer the customers of a shop.' },
      { role: 'user', content: `Where is my refund? ${words(text.length)}` },
    ],
    ...more,
  }));

/** So many bytes of words of seven letters: one word of 100 kB is no text, and tokenizers take seconds for it. */
const words = (bytes: number): string => 'whether '.repeat(Math.ceil(bytes / 8)).slice(0, bytes);

const chat = {
  method: 'POST',
  path: '/v1/chat/completions',
  headers: {
    accept: 'application/json',
    authorization: `Bearer ${KEY}`,
    'content-type': 'application/json',
    'user-agent': 'bench/1.0',
  },
};

/** A call to a model, not streamed: 1 kB there, 1 kB back. */
export const CHAT_1KB: Case = {
  ...chat,
  name: 'chat of 1 kB, answer of 1 kB',
  body: question(KILOBYTE, {}),
  answer: CHAT_ANSWER,
  essence: SAID,
};

/** A long conversation: 100 kB there, 1 kB back. */
export const CHAT_100KB: Case = {
  ...CHAT_1KB,
  name: 'chat of 100 kB, answer of 1 kB',
  body: question(100 * KILOBYTE, {}),
};

/** Chunks of a streamed answer that carry text. */
export const CHUNKS = 50;

const EVENT = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: MODEL,
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`;

/** Stands before the sixteen digits that say when a chunk was sent. */
export const STAMP = 'sent@';
export const STAMP_DIGITS = 16;

/** An event with room for its stamp. */
export const TEXT_EVENT = EVENT({ content: ` ${STAMP}${'0'.repeat(STAMP_DIGITS)}` }, null);
/** What stands behind the last text. */
export const LAST_EVENTS = `${EVENT({}, 'stop')}data: [DONE]\n\n`;
/** The same for who asks what it came to (`stream_options.include_usage`), as OpenAI's models do. */
export const LAST_EVENTS_WITH_USAGE = `${EVENT({}, 'stop')}data: ${JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: MODEL,
  choices: [],
  usage: { prompt_tokens: 256, completion_tokens: 600, total_tokens: 856 },
})}\n\ndata: [DONE]\n\n`;

const stream = {
  ...chat,
  headers: { ...chat.headers, accept: 'text/event-stream' },
  answer: TEXT_EVENT.repeat(CHUNKS) + LAST_EVENTS,
  essence: '[DONE]',
};
// How it is written is asked for in the body: headers of clients don't reach a model.
const streamed = (user?: string): string => question(KILOBYTE, { stream: true, user });

/** A call to a model, streamed: 1 kB there, fifty events back, each a write of its own. */
export const CHAT_STREAM: Case = {
  ...stream,
  name: `stream of ${CHUNKS} chunks, each written by itself`,
  body: streamed('each'),
};

/** The same from a model that has the whole answer ready: head, events and end in one write. */
export const CHAT_STREAM_AT_ONCE: Case = {
  ...stream,
  name: `stream of ${CHUNKS} chunks in one piece`,
  body: streamed(),
};

/** Milliseconds between the chunks of a paced stream. */
export const PACE_MS = 20;

/** The same, a chunk at a time, each with its stamp. */
export const CHAT_PACED: Case = {
  ...stream,
  name: `stream of ${CHUNKS} chunks, one every ${PACE_MS} ms`,
  body: streamed(`pace-${PACE_MS}`),
};
