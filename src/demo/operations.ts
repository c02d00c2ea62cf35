/** What the model service does beside talking: verdicts on texts, pictures, speech, transcripts, ranks. */
import type { Call } from './call.ts';
import { wordsOf } from './chat-request.ts';
import { openAiRefusal } from './model-errors.ts';
import { openEvents, sendBytes, sendJson, sseEvent } from './reply.ts';

/** One pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const TOKENS_AN_IMAGE = 272;
const BYTES_A_WORD = 1200;
const BYTES_A_SECOND = 16_000;

type Body = Record<string, unknown>;

/** `POST /v1/moderations`: whoever speaks of violence is flagged. */
export function answerModerations(call: Call, { input }: Body, model: string): Promise<void> {
  const texts = Array.isArray(input) ? input.map(String) : [String(input)];
  const results = texts.map((text) => {
    const flagged = /\b(kill|violence)\b/i.test(text);
    return {
      flagged,
      categories: { violence: flagged },
      category_scores: { violence: flagged ? 0.97 : 0.01 },
    };
  });
  return sendJson(call, 200, { id: 'modr-1', model, results });
}

/** `POST /v1/images/generations`: `n` pictures, whole or as the events of a stream. */
export async function answerImages(call: Call, body: Body, created: number): Promise<void> {
  const { prompt, n, stream } = body;
  if (typeof prompt !== 'string' || prompt === '')
    throw openAiRefusal(400, 'prompt is missing.', null, 'prompt');
  const count = typeof n === 'number' ? n : 1;
  const text = wordsOf(prompt).length;
  const output = count * TOKENS_AN_IMAGE;
  const usage = {
    input_tokens: text,
    output_tokens: output,
    total_tokens: text + output,
    input_tokens_details: { text_tokens: text, image_tokens: 0 },
  };
  const reported = call.faults.missingUsage ? {} : { usage };
  if (stream !== true) {
    const data = Array.from({ length: count }, () => ({ b64_json: PNG }));
    return sendJson(call, 200, { created, data, ...reported });
  }
  const events = await openEvents(call);
  const send = (type: string, rest: object) =>
    events.send(sseEvent({ event: type, data: JSON.stringify({ type, b64_json: PNG, ...rest }) }));
  await send('image_generation.partial_image', { partial_image_index: 0 });
  if (!call.faults.missingFinish) await send('image_generation.completed', reported);
  await events.end();
}

/** `POST /v1/audio/speech`: noise, as long as the text. */
export function answerSpeech(call: Call, { input }: Body): Promise<void> {
  if (typeof input !== 'string' || input === '') throw openAiRefusal(400, 'input is missing.', null, 'input');
  const sound = Buffer.alloc(wordsOf(input).length * BYTES_A_WORD, input);
  return sendBytes(call, 200, sound, { 'content-type': 'audio/mpeg' });
}

/** The fields of a form that are texts, and the size of its file. */
export async function readForm(call: Call, bytes: Buffer): Promise<{ fields: Body; fileBytes: number }> {
  const headers = { 'content-type': String(call.req.headers['content-type']) };
  const form = await new Response(new Uint8Array(bytes), { headers }).formData().catch(() => {
    throw openAiRefusal(400, 'Could not parse multipart form', null);
  });
  const fields: Body = {};
  let fileBytes = 0;
  for (const [name, value] of form) {
    if (typeof value === 'string') fields[name] = value;
    else fileBytes += value.size;
  }
  return { fields, fileBytes };
}

/** `POST /v1/audio/transcriptions`: as JSON with its usage, or as plain text. */
export function answerTranscription(call: Call, fields: Body, fileBytes: number): Promise<void> {
  if (fileBytes === 0) throw openAiRefusal(400, 'file is missing.', null, 'file');
  const text = `I heard ${fileBytes} bytes.`;
  if (fields.response_format === 'text')
    return sendBytes(call, 200, Buffer.from(`${text}\n`), { 'content-type': 'text/plain; charset=utf-8' });
  const seconds = Math.ceil(fileBytes / BYTES_A_SECOND);
  const usage = { type: 'duration', seconds };
  return sendJson(call, 200, { text, ...(!call.faults.missingUsage && { usage }) });
}

/** `POST /v1/rerank`, as Cohere and Jina have it: documents that share words with the query come first. */
export function answerRerank(
  call: Call,
  { query, documents, top_n: top }: Body,
  model: string,
): Promise<void> {
  if (!Array.isArray(documents)) throw openAiRefusal(400, 'documents must be a list.', null, 'documents');
  const asked = new Set(wordsOf(String(query).toLowerCase()).map((word) => word.trim()));
  const results = documents
    .map((document, index) => {
      const words = wordsOf(String(document).toLowerCase()).map((word) => word.trim());
      return {
        index,
        relevance_score: words.filter((word) => asked.has(word)).length / Math.max(1, words.length),
      };
    })
    .sort((a, b) => b.relevance_score - a.relevance_score)
    .slice(0, typeof top === 'number' ? top : documents.length);
  const meta = { billed_units: { search_units: Math.ceil(documents.length / 100) } };
  return sendJson(call, 200, { id: 'rerank-1', model, results, ...(!call.faults.missingUsage && { meta }) });
}
