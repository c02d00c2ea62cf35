// A stream is the same stream whatever the network made of it on its way.
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import {
  aiGateway,
  chat,
  DONE,
  event,
  hello,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  USAGE,
  word,
} from '../helpers/ai.ts';

/** What the client asked for goes to it as all the rest does. */
const told = { ...hello(true), stream_options: { include_usage: true } };
const SHORT = `${ROLE}${word('Gr\u00fc\u00df \u{1f44b}\u{1f3fd}')}${STOP}${USAGE}${DONE}`;
const CRLF = SHORT.replaceAll('\n', '\r\n');
const RICH =
  `: a comment\n\nid: 1\nevent: message\n${ROLE}:another\n\nretry: 100\n\n` +
  `${word('\u4f60\u597d')}data: {"choices":\ndata: [{"delta":{"content":"two lines"}}]}\n\n${STOP}${USAGE}${DONE}`;

/** Resolves when the bytes have left this process, so that the next ones come in a packet of their own. */
const send = (response: ServerResponse, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => response.write(bytes, () => setImmediate(resolve)));

/** A provider that sends a stream in the pieces that the request's `cuts` ask for. */
const cutting = (stream: Buffer) =>
  rawProvider(async (response, { body }) => {
    const { cuts } = JSON.parse(body.toString()) as { cuts: number[] | 'everywhere' };
    response.writeHead(200, STREAM_HEADERS);
    response.socket?.setNoDelay(true);
    const at = cuts === 'everywhere' ? [...stream.keys()].slice(1) : cuts;
    const ends = [...at, stream.length];
    for (const [i, end] of ends.entries())
      await send(response, stream.subarray(i === 0 ? 0 : ends[i - 1], end));
    response.end();
  });

it.each([
  ['LF', SHORT],
  ['CR LF', CRLF],
  ['CR', SHORT.replaceAll('\n', '\r')],
  ['comments, ids, names and data of several lines', RICH],
  ['a byte order mark', `\uFEFF${SHORT}`],
  ['no empty line at its end', `${ROLE}${word('a')}${USAGE}${STOP}`.trimEnd()],
])('a stream that comes byte by byte is the same stream (%s)', async (_what, text) => {
  const stream = Buffer.from(text);
  const provider = await cutting(stream);
  const gateway = await aiGateway([provider]);

  const answer = await chat(gateway, { ...told, cuts: 'everywhere' });

  expect(answer.body.toString()).toBe(text);
  expect(answer.headers['content-type']).toBe('text/event-stream');
  expect(await lineOf(gateway, answer)).toMatchObject({
    reason: 'ok',
    finish_reason: 'stop',
    usage_source: 'reported',
    tokens_in: 100,
    tokens_out: 20,
    tokens_cached: 40,
    usd: 0.000024,
  });
});

it('a stream that is cut anywhere is the same stream', async () => {
  const stream = Buffer.from(`${word('\u{1f600}')}${STOP}${USAGE}${DONE}`.replaceAll('}\n\n', '}\r\n\r\n'));
  const provider = await cutting(stream);
  const gateway = await aiGateway([provider]);

  const cuts = [...stream.keys()].slice(1);
  for (let from = 0; from < cuts.length; from += 40) {
    const answers = await Promise.all(
      cuts.slice(from, from + 40).map((cut) => chat(gateway, { ...told, cuts: [cut] })),
    );
    for (const { body } of answers) expect(body.equals(stream)).toBe(true);
    for (const answer of answers)
      expect(await lineOf(gateway, answer)).toMatchObject({
        finish_reason: 'stop',
        tokens_in: 100,
        tokens_out: 20,
      });
  }
  expect(await gateway.metric('gateway_ai_cost_usd_total')).toBeCloseTo(cuts.length * 0.000024, 9);
});

it('an event of two megabytes goes through, and what follows it is still watched', async () => {
  const text = `${ROLE}${word('x\u00e9'.repeat(1024 * 1024))}${STOP}${USAGE}${DONE}`;
  const provider = await rawProvider((response) => response.writeHead(200, STREAM_HEADERS).end(text));
  const gateway = await aiGateway([provider]);

  const answer = await chat(gateway, told);

  expect(answer.body.equals(Buffer.from(text))).toBe(true);
  expect(await lineOf(gateway, answer)).toMatchObject({
    reason: 'ok',
    finish_reason: 'stop',
    tokens_out: 20,
  });
});

it('an event without end goes through unwatched, in bounded memory', async () => {
  const piece = Buffer.alloc(1024 * 1024, 'y');
  const provider = await rawProvider(async (response) => {
    response.writeHead(200, STREAM_HEADERS).write(`${ROLE}data: {"choices":[{"delta":{"content":"`);
    for (let i = 0; i < 24; i++) await send(response, piece);
    response.end(`"}}]}\n\n${STOP}${DONE}`);
  });
  const gateway = await aiGateway([provider]);

  const answer = await chat(gateway, hello(true));

  expect(answer.body.length).toBeGreaterThan(24 * piece.length);
  expect(answer.body.toString().endsWith(DONE)).toBe(true);
  expect(await lineOf(gateway, answer)).toMatchObject({ status: 200, usage_source: 'estimated' });
});

it('events that are no JSON go through as they came', async () => {
  const text = `${ROLE}data: not json\n\n${event([1])}${event('null')}${event({ choices: [null, 5] })}${STOP}${DONE}`;
  const provider = await rawProvider((response) => response.writeHead(200, STREAM_HEADERS).end(text));
  const gateway = await aiGateway([provider]);

  const answer = await chat(gateway, hello(true));

  expect(answer.body.toString()).toBe(text);
  expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'ok', finish_reason: 'stop' });
});
