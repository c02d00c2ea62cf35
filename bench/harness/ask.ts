import { type Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Started } from './processes.ts';
import type { Case, Subject } from './suite.ts';

const SERVE_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 5_000;

export interface Asked {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** One request, on a connection of its own unless an agent keeps some. */
export function ask(
  origin: string,
  asked: Asked,
  agent: Agent | false = false,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(asked.path, origin),
      { method: asked.method, headers: asked.headers, agent, timeout: ANSWER_WITHIN_MS },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (text: string) => {
          body += text;
        });
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }));
        answer.once('error', reject);
      },
    );
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)));
    sent.once('error', reject);
    sent.end(asked.body);
  });
}

/** Throws unless the answer to a case is the right one: a fast wrong answer is no figure. */
export async function assertAnswers(
  { name, rewrites }: { name: string; rewrites?: boolean },
  origin: string,
  asked: Case,
): Promise<void> {
  const { status, body } = await ask(origin, asked);
  if (status !== 200) throw new Error(`${name}, ${asked.name}: answered ${status}: ${body.slice(0, 300)}`);
  const isRight = rewrites ? body.includes(asked.essence ?? asked.answer) : body === asked.answer;
  if (!isRight) throw new Error(`${name}, ${asked.name}: a wrong answer: ${body.slice(0, 300)}`);
}

/** Waits until a server that was just started gives an answer, whichever. */
export async function untilServes(
  { name, servesWithinMs = SERVE_WITHIN_MS }: Pick<Subject, 'name' | 'servesWithinMs'>,
  started: Started,
  first: Asked,
): Promise<void> {
  const deadline = performance.now() + servesWithinMs;
  for (;;) {
    started.assertAlive();
    try {
      await ask(originOf(started), first);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${name} does not serve: ${String(error)}`);
      await delay(20);
    }
  }
}

export const originOf = (started: { port: number }): string => `http://127.0.0.1:${started.port}`;
