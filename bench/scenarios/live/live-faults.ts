import type { CauseKind } from '../../../src/contracts/finding.ts';
import type { Scope } from '../../../src/contracts/signal.ts';
import type { Chance } from '../chance.ts';
import { type House, PROMPT } from './house.ts';
import { ask, type Habits, visitor } from './visits.ts';

/** What a fault can reach once it has begun. */
export interface LiveStage {
  readonly house: House;
  readonly chance: Chance;
  readonly habits: Habits;
  readonly requestsPerTick: number;
  /** Seconds since it began. */
  seconds(): number;
}

/** How a fault of the exam is done to a real house. Its times are those of the exam. */
export interface LiveFault {
  begin(stage: LiveStage): void | Promise<void>;
  /** What comes in a tick beside the ordinary requests. */
  readonly more?: (stage: LiveStage) => (() => Promise<unknown>)[];
  /** Where it is another place than in virtual time. */
  readonly places?: (house: House) => readonly Scope[];
  /** Where it is caused by something else than in virtual time. */
  readonly causes?: readonly CauseKind[];
}

const CATALOG = ['catalog-a', 'catalog-b', 'catalog-c', 'catalog-d'];
const API = [...CATALOG, 'payment-1', 'payment-2', 'recommendations'];
const ADDRESSES = 80;

const target = (house: House, name: string): Scope => ({ target: house.services[name]?.url ?? '' });

/** By the names that they have in the exam. */
export const LIVE: Readonly<Record<string, LiveFault>> = {
  'bad instance': {
    begin: ({ house }) =>
      strike(house, ['catalog-b'], (answer, _request, chance) => {
        if (chance.next() < 0.3) answer.status = 500;
      }),
    places: (house) => [target(house, 'catalog-b')],
  },
  'slow dependency': {
    begin: ({ house }) =>
      strike(house, CATALOG, (answer, { url = '' }, chance) => {
        if (url.startsWith('/api/v1/search') && chance.next() < 0.3) answer.delayMs += 400;
      }),
  },
  'wrong prompt version': {
    begin: ({ house }) => house.revise([{ op: 'replace', path: `/ai/prompts/${PROMPT}/version`, value: 1 }]),
    // A revision of the config does it here.
    causes: ['prompt', 'config'],
  },
  'context race': {
    begin: ({ habits }) => {
      habits.race = 0.5;
    },
  },
  'abused key': {
    begin: () => undefined,
    more: ({ house, chance, requestsPerTick }) =>
      Array.from({ length: Math.ceil(requestsPerTick * 0.1 * 5) }, () => () => {
        const at = chance.below(ADDRESSES);
        const thief = {
          ...visitor(chance),
          consumer: 'consumer-3',
          client: `203.0.113.${at}`,
          user: `stranger-${at}`,
        };
        return ask(house, thief, chance.next() < 0.5 ? '/api/v1/search' : '/api/v1/cart');
      }),
  },
  'runaway loop': {
    begin: () => undefined,
    more: ({ house, chance, requestsPerTick }) =>
      Array.from({ length: Math.ceil(requestsPerTick * 0.06) }, () => () => {
        const runaway = {
          consumer: 'consumer-7',
          client: '10.0.0.77',
          user: 'agent-1',
          session: 'agent-session-1',
          app: 'agent',
          region: 'eu',
        };
        return ask(house, { ...visitor(chance), ...runaway }, '/v1/chat/completions', {
          model: 'support',
          messages: [{ role: 'user', content: `Read all of this again. ${'word '.repeat(1500)}` }],
        });
      }),
  },
  'bad config push': {
    begin: async ({ house }) => {
      // Two thirds of the payments take a while, as ever; from the revision on nobody waits for them.
      await house.revise([{ op: 'add', path: '/upstreams/payment/timeouts', value: { response: '60ms' } }]);
      strike(house, ['payment-1', 'payment-2'], (answer, _request, chance) => {
        if (chance.next() < 0.6) answer.delayMs = 150;
      });
    },
  },
  'provider brown-out': {
    begin: ({ house }) =>
      strike(house, ['primary'], (answer, _request, chance) => {
        answer.delayMs *= 2;
        if (chance.next() < 0.5) answer.status = 503;
      }),
  },
  'schema break': {
    begin: async ({ house }) => {
      await house.revise([{ op: 'replace', path: '/hypercare/window/release', value: '42' }]);
      strike(house, CATALOG, (answer, { url = '' }, chance) => {
        if (url.startsWith('/api/v1/search') && chance.next() < 0.2)
          answer.body = { items: [{ id: 'p-1', price: '12' }] };
      });
    },
    places: () => [{ route: 'search' }, { route: 'search', upstream: 'catalog' }],
  },
  'stale cache': {
    begin: ({ house }) =>
      strike(house, CATALOG, (answer, { url = '' }) => {
        // The shop changes its prices all the time, and nobody tells the cache.
        if (url.startsWith('/api/v1/products')) answer.body = { items: [{ id: 'p-1', price: Date.now() }] };
      }),
  },
  'one region': {
    begin: ({ house }) =>
      strike(house, API, (answer, { headers }, chance) => {
        if (headers['x-region'] === 'us' && chance.next() < 0.4) answer.status = 500;
      }),
  },
  'slow leak': {
    begin: (stage) =>
      strike(stage.house, ['catalog-c'], (answer) => {
        answer.delayMs *= 1.015 ** (stage.seconds() / 60);
      }),
    places: (house) => [target(house, 'catalog-c')],
  },
};

function strike(
  house: House,
  names: readonly string[],
  how: NonNullable<House['services'][string]['strike']>,
): void {
  for (const name of names) {
    const service = house.services[name];
    if (service) service.strike = how;
  }
}
