// Portkey#1659: under load the answer of an upstream was garbage-collected in mid-stream. What nobody holds but the stream itself is
// collected here between any two pieces, and all of it comes.
import type { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import {
  aiGateway,
  type ChatAnswer,
  chat,
  DONE,
  hello,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  word,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { loopTurns } from '../helpers/loop-turns.ts';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

const PIECES = 15;
const EACH = 8;
const SOUND = { 'content-type': 'audio/mpeg' };

it('streams come whole, however often what is unused is collected while they are open', async () => {
  const open: { response: ServerResponse; isSound: boolean }[] = [];
  const provider = await rawProvider((response, _taken, { url = '' }) => {
    const isSound = url.endsWith('/speech');
    response.writeHead(200, isSound ? SOUND : STREAM_HEADERS).write(isSound ? 'sound:' : ROLE);
    open.push({ response, isSound });
  });
  const gateway = await aiGateway(
    [{ kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true } as never],
    { models: { voice: { targets: [{ provider: 'p0', model: 'gpt-4o-mini-tts' }] } } },
  );
  const many = (body: object, path: string) =>
    Array.from({ length: EACH }, () => chat(gateway, body, {}, path));
  const asked = {
    asBytes: many(hello(true), '/v1/chat/completions'),
    translated: many({ ...hello(true), max_tokens: 99 }, '/v1/messages'),
    passed: many({ ...hello(true), model: 'gpt-4o-mini' }, '/v1/providers/p0/chat/completions'),
    unknown: many({ model: 'gpt-4o-mini', stream: true, prompt: 'x' }, '/v1/providers/p0/completions'),
    sound: many({ model: 'voice', voice: 'alloy', input: 'Hello' }, '/v1/audio/speech'),
  };
  await eventually(() => open.length === 5 * EACH);

  for (let piece = 0; piece < PIECES; piece++) {
    for (const { response, isSound } of open) response.write(isSound ? `${piece};` : word(`${piece};`));
    collect();
    await loopTurns();
    collect();
  }
  for (const { response, isSound } of open) response.end(isSound ? 'end' : `${STOP}${DONE}`);

  const all = Array.from({ length: PIECES }, (_, piece) => `${piece};`);
  const bytes = `${ROLE}${all.map(word).join('')}${STOP}${DONE}`;
  const texts = async (answers: Promise<ChatAnswer>[]) =>
    (await Promise.all(answers)).map(({ body }) => body.toString());
  for (const kind of ['asBytes', 'passed', 'unknown'] as const)
    expect(await texts(asked[kind]), kind).toEqual(Array(EACH).fill(bytes));
  expect(await texts(asked.sound)).toEqual(Array(EACH).fill(`sound:${all.join('')}end`));
  const said = (text: string) => [...text.matchAll(/"text":"(\d+;)"/g)].map(([, piece]) => piece);
  for (const text of await texts(asked.translated)) {
    expect(said(text)).toEqual(all);
    expect(text).toContain('message_stop');
  }
});
