import { Agent } from 'node:http';
import { type Answer, askAt } from '../../../src/demo/stories/people.ts';
import type { Chance } from '../chance.ts';
import { CONSUMERS, type House, keyOf, PROMPT } from './house.ts';

const USERS = 400;
const REGIONS = ['eu', 'us', 'apac'];
const APPS = ['web', 'ios', 'android'];
const SHARES: Readonly<Record<string, number>> = {
  products: 0.34,
  search: 0.16,
  cart: 0.14,
  checkout: 0.08,
  refunds: 0.04,
  recommendations: 0.06,
  prompt: 0.07,
  talk: 0.11,
};
const NAMES = Object.keys(SHARES);
/** Share of the answers to prompts that somebody says something about, and of thumbs that go down on the best of days. */
const SAY_SOMETHING = 0.4;
const USUAL_DOWN = 0.08;
const DOWN_IF_WRONG = 0.6;
/** Requests of a tick that are on their way at once: it comes over ten seconds, and must not queue for itself. */
const AT_ONCE = 6;

/** What people do differently while a fault is on. */
export interface Habits {
  /** Share of conversations whose app sends two turns at once. */
  race: number;
}

export interface Visit {
  readonly consumer: string;
  readonly client: string;
  readonly user: string;
  readonly session: string;
  readonly app: string;
  readonly region: string;
}

const agent = new Agent({ keepAlive: true });

/** One request of theirs. Rejects when no whole answer comes. */
export const ask = (house: House, visit: Visit, path: string, body?: unknown): Promise<Answer> =>
  askAt(agent, new URL(path, house.gateway.url), {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'x-api-key': keyOf(visit.consumer),
      'x-forwarded-for': visit.client,
      'x-region': visit.region,
      'x-client-app': visit.app,
      'x-user-id': visit.user,
      'x-session-id': visit.session,
      ...(path === '/v1/chat/completions' && { 'x-context-mode': 'delta' }),
    },
    body,
  });

/** A turn of a conversation. */
export const turn = (house: House, visit: Visit, content: string): Promise<Answer> =>
  ask(house, visit, '/v1/chat/completions', { model: 'support', messages: [{ role: 'user', content }] });

let count = 0;

export function visitor(chance: Chance): Visit {
  const user = chance.below(USERS);
  const consumer = CONSUMERS[chance.below(CONSUMERS.length)] as string;
  return {
    consumer,
    client: `10.0.${CONSUMERS.indexOf(consumer)}.${user % 4}`,
    user: `user-${user}`,
    session: `session-${count++}`,
    app: APPS[user % 3] as string,
    region: REGIONS[chance.weighted([0.5, 0.35, 0.15])] as string,
  };
}

/** A tick's ordinary requests, with whatever else comes in it. */
export async function visits(
  house: House,
  chance: Chance,
  requests: number,
  habits: Habits,
  more: readonly (() => Promise<unknown>)[],
): Promise<void> {
  const waiting = [
    ...Array.from(
      { length: chance.poisson(requests) },
      () => () => visit(house, chance, visitor(chance), habits),
    ),
    ...more,
  ];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await next();
    }),
  );
}

async function visit(house: House, chance: Chance, who: Visit, { race }: Habits): Promise<void> {
  const name = NAMES[chance.weighted(Object.values(SHARES))] as string;
  switch (name) {
    case 'products':
      await ask(house, who, `/api/v1/products/p-${chance.below(20)}`);
      return;
    case 'checkout':
    case 'refunds':
      await ask(house, who, `/api/v1/${name}`, { cart: `c-${count}` });
      return;
    case 'prompt':
      return prompt(house, chance, who);
    case 'talk': {
      const number = String(100_000 + count);
      await turn(house, who, `Hello, this is about ${number}.`);
      const second = turn(house, who, `My order number is ${number}.`);
      if (chance.next() >= race) await second;
      await Promise.all([second, turn(house, who, `What is my order number, ${number}?`)]);
      return;
    }
    default:
      await ask(house, who, `/api/v1/${name}`);
  }
}

async function prompt(house: House, chance: Chance, who: Visit): Promise<void> {
  const answer = await ask(house, who, `/v1/prompts/${PROMPT}`, { ticket: `Invoice ${count} is wrong.` });
  if (answer.status !== 200 || chance.next() >= SAY_SOMETHING) return;
  const isWrong = answer.body.includes('This ticket');
  const score = chance.next() < (isWrong ? DOWN_IF_WRONG : USUAL_DOWN) ? 0 : 1;
  await ask(house, who, '/v1/feedback', { kind: 'thumbs', score, requestId: answer.requestId });
}
