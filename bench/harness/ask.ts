import { type Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Started } from './processes.ts';
import type { Case, Subject } from './suite.ts';

const SERVE_WITHIN_MS = 60_000;
/** Who is as late as that hangs: nothing slow is an error, whatever else the machine has to do. */
const HANGS_AFTER_MS = 120_000;

export interface Asked {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

interface Answer {
  status: number;
  body: string;
}

/** One request, on a connection of its own unless an agent keeps some. */
export function ask(origin: string, asked: Asked, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(asked.path, origin),
      { method: asked.method, headers: asked.headers, agent, timeout: HANGS_AFTER_MS },
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
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${HANGS_AFTER_MS} ms`)));
    sent.once('error', reject);
    sent.end(asked.body);
  });
}

/** Whether an answer to a case is the right one. */
export const isRight = (
  { rewrites }: { rewrites?: boolean },
  { essence, answer }: Case,
  { status, body }: Answer,
): boolean => status === 200 && (rewrites ? body.includes(essence ?? answer) : body === answer);

/** Throws unless the answer to a case is the right one: a fast wrong answer is no figure. */
export async function assertAnswers(
  subject: { name: string; rewrites?: boolean },
  origin: string,
  asked: Case,
): Promise<void> {
  const answer = await ask(origin, asked);
  if (isRight(subject, asked, answer)) return;
  const how = answer.status === 200 ? 'a wrong answer' : `answered ${answer.status}`;
  throw new Error(`${subject.name}, ${asked.name}: ${how}: ${answer.body.slice(0, 300)}`);
}

/** Waits until a server that was just started gives an answer: whichever, unless something is asked of it. */
export async function untilServes(
  { name, servesWithinMs = SERVE_WITHIN_MS }: Pick<Subject, 'name' | 'servesWithinMs'>,
  started: Started,
  first: Asked,
  serves: (answer: Answer) => boolean = () => true,
): Promise<void> {
  const deadline = performance.now() + servesWithinMs;
  for (;;) {
    started.assertAlive();
    try {
      const answer = await ask(originOf(started), first);
      if (serves(answer)) return;
      throw new Error(`answered ${answer.status}: ${answer.body.slice(0, 300)}`);
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${name} does not serve: ${String(error)}`);
      await delay(20);
    }
  }
}

export const originOf = (started: { port: number }): string => `http://127.0.0.1:${started.port}`;
