import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Chance } from '../chance.ts';

/** What one answer is like. */
export interface Behaviour {
  /** Milliseconds until it is given. */
  delayMs: number;
  status: number;
  body: unknown;
}

/** Makes an answer worse, or leaves it. */
export type Strike = (answer: Behaviour, request: IncomingMessage, chance: Chance) => void;

/** A service on loopback that does what it is told. */
export interface Backend {
  readonly url: string;
  /** What is wrong with it; nothing if absent. */
  strike: Strike | undefined;
  close(): Promise<void>;
}

/** Of the log-normal times of answers. */
const SPREAD = 0.35;

/** @param medianMs until an ordinary answer is given */
export async function startBackend(
  medianMs: number,
  chance: Chance,
  answer: (body: string, request: IncomingMessage) => unknown,
): Promise<Backend> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => give(Buffer.concat(chunks).toString(), request, response));
  });
  const give = (text: string, request: IncomingMessage, response: ServerResponse): void => {
    const behaviour: Behaviour = {
      delayMs: medianMs * Math.exp(SPREAD * chance.normal()),
      status: 200,
      body: answer(text, request),
    };
    backend.strike?.(behaviour, request, chance);
    // The machine's clock is not the exam's: by its date an answer is up to an hour old, and no cache would keep it.
    response.sendDate = false;
    setTimeout(() => {
      response.writeHead(behaviour.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(behaviour.body));
    }, behaviour.delayMs);
  };
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const backend: Backend = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    strike: undefined,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return backend;
}

/** Characters a token, near enough. */
const TOKEN = 4;
const SENTENCE =
  'This ticket seems to be about billing, since the customer speaks of an invoice and of money that was taken twice.';
const MEMORY = 'I remember all that you have told me so far, and your order is on its way to you.';

/** A model: it answers a prompt that asks for one word with one, and all others with a sentence. */
export function answerChat(text: string): unknown {
  const { model, messages } = JSON.parse(text) as { model: string; messages: { content: string }[] };
  const isPrompt = messages[0]?.content.startsWith('Classify') ?? false;
  const content = !isPrompt ? MEMORY : messages[0]?.content.includes('one word') ? 'billing' : SENTENCE;
  const [input, output] = [text.length / TOKEN, content.length / TOKEN].map(Math.ceil) as [number, number];
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}
