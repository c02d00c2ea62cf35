// What is done to the traffic, and what is true of it: each with the place, the kind of cause and the time it may take.
import type { ContextSignal, FeedbackSignal } from '../../src/contracts/engine.ts';
import type { CauseKind } from '../../src/contracts/finding.ts';
import type { Scope } from '../../src/contracts/signal.ts';
import type { KnownChange } from '../../src/hypercare/engine/cause.ts';
import { releaseChanges } from '../../src/hypercare/engine/release-changes.ts';
import type { Chance } from './chance.ts';
import { type Drawn, draw, exchangeAt, fail, model, PROMPT, TARGETS } from './world.ts';

/** What a scenario can do while it is on. `seconds`: since it began. */
export interface Stage {
  readonly chance: Chance;
  /** Requests a second of the ordinary kind. */
  readonly rps: number;
  readonly seconds: number;
  readonly now: number;
  readonly revision: number;
  /** Requests beside the ordinary ones. */
  add(exchange: Drawn): void;
  feedback(signal: FeedbackSignal): void;
  context(signal: ContextSignal): void;
}

export interface Scenario {
  readonly name: string;
  readonly what: string;
  /** Changes at its beginning, told to the engine as the gateway tells them. */
  readonly changes?: (at: number, revision: number) => Omit<KnownChange, 'tick'>[];
  /** Whether the config revision goes up by one at the beginning. */
  readonly isRevision?: boolean;
  /** Makes ordinary requests worse. */
  readonly strike?: (exchange: Drawn, stage: Pick<Stage, 'chance' | 'seconds' | 'rps'>) => void;
  /** Once a tick, after the ordinary requests. */
  readonly each?: (stage: Stage) => void;
  /** How many times the ordinary traffic. */
  readonly traffic?: number;
  /** It ends by itself after so many seconds. */
  readonly heals?: number;
}

export interface Fault extends Scenario {
  readonly kind: 'fault';
  /** Names of the place: any of them is exact (they mean the same requests). */
  readonly places: readonly Scope[];
  readonly causes: readonly CauseKind[];
  /** Seconds within which it must be found, at 50 requests/s and more. */
  readonly within: number;
  /** How long it is watched for. */
  readonly minutes: number;
}

export interface Decoy extends Scenario {
  readonly kind: 'decoy';
}

const LARGE = 60;
const PARTIAL = 180;
const OK_FEEDBACK = 0.05;

const change = (at: number, kind: string, subject: string, from: string, to: string, scopes?: Scope[]) => ({
  at,
  kind,
  subject,
  from,
  to,
  reason: 'applied',
  scopes,
});

/** What the gateway tells the engine when a revision of its config names another release. */
export const released = (at: number, from: string, to: string): Omit<KnownChange, 'tick'>[] =>
  releaseChanges(windowOf(from), windowOf(to)).map((told) => ({
    at,
    kind: 'release',
    ...told,
    scopes: undefined,
  }));

const windowOf = (release: string) => ({
  hypercare: { window: { name: 'go-live', release, start: '2026-11-23T00:00:00Z', owner: '' } },
});

/** What users of prompts say, on the best of days and on a worse one. */
function thumbs(exchange: Drawn, share: number, stage: Pick<Stage, 'chance'>): FeedbackSignal | undefined {
  if (exchange.ai?.prompt !== PROMPT || stage.chance.next() >= OK_FEEDBACK) return undefined;
  return {
    at: exchange.startedAt,
    kind: 'thumbs',
    score: stage.chance.next() < share ? 0 : 1,
    topic: '',
    requestId: exchange.id,
    author: String(exchange.headers['x-user-id']),
    scope: {
      route: 'ai',
      model: 'support',
      prompt: PROMPT,
      promptVersion: exchange.ai.promptVersion,
      consumer: exchange.consumer,
    },
  };
}
export const USUAL_THUMBS = 0.08;
export const usualFeedback = (exchange: Drawn, stage: Pick<Stage, 'chance'>, share = USUAL_THUMBS) =>
  thumbs(exchange, share, stage);

/** Every turn of a conversation is loaded and appended to; one in a thousand does not go on as it should. */
export function usualContext(exchange: Drawn, chance: Chance, share = 0.001): ContextSignal | undefined {
  if (exchange.ai?.prompt !== '') return undefined;
  return {
    at: exchange.startedAt,
    operation: 'append',
    outcome: chance.next() < share ? 'lost_turn' : 'ok',
    session: String(exchange.headers['x-session-id']),
    requestId: exchange.id,
    tokens: exchange.ai.tokensIn,
    scope: { route: 'ai', model: 'support', consumer: exchange.consumer },
  };
}

export const FAULTS: readonly Fault[] = [
  {
    kind: 'fault',
    name: 'bad instance',
    what: 'target b of the catalogue answers 30 % of its requests with 500',
    strike(exchange, { chance }) {
      if (exchange.target === TARGETS[1] && chance.next() < 0.3) fail(exchange, 'upstream_5xx', 500);
    },
    places: [{ target: TARGETS[1] as string }],
    causes: ['target'],
    within: LARGE,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'slow dependency',
    what: '30 % of the route search wait 3 s longer; other routes of the same targets do not',
    strike(exchange, { chance }) {
      if (exchange.route === 'search' && chance.next() < 0.3) exchange.durationMs += 3000;
    },
    places: [{ route: 'search' }],
    causes: ['upstream'],
    within: PARTIAL,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'wrong prompt version',
    what: 'a prompt is pinned to version 1: 200s, but sentences instead of a word; thumbs go down',
    changes: (at) => [change(at, 'prompt', PROMPT, '2', '1', [{ prompt: PROMPT }])],
    strike(exchange, { chance }) {
      if (exchange.ai?.prompt !== PROMPT) return;
      exchange.ai.promptVersion = '1';
      exchange.ai.tokensOut = Math.round(45 * Math.exp(0.5 * chance.normal()));
    },
    places: [{ prompt: PROMPT }, { prompt: PROMPT, promptVersion: '1' }, { promptVersion: '1' }],
    causes: ['prompt'],
    within: PARTIAL,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'context race',
    what: '6 % of the turns of conversations are lost',
    places: [{ model: 'support' }, { route: 'ai' }, {}],
    causes: ['context'],
    within: PARTIAL,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'abused key',
    what: 'consumer-3’s key is used from 80 new addresses for six times its requests; a third is limited',
    each(stage) {
      const count = stage.chance.poisson(stage.rps * 0.1 * 5 * 10);
      for (let i = 0; i < count; i++) {
        const one = draw(stage.chance, stage.now + stage.chance.next() * 10_000, stage.revision);
        one.consumer = 'consumer-3';
        one.client = `203.0.113.${stage.chance.below(80)}`;
        one.headers = {
          ...one.headers,
          'x-user-id': `stranger-${stage.chance.below(80)}`,
        } as Drawn['headers'];
        if (stage.chance.next() < 0.33) {
          one.reason = 'rate_limited';
          one.status = 429;
          if (one.ai) one.ai.outcome = 'not_asked';
        }
        stage.add(one);
      }
    },
    places: [{ consumer: 'consumer-3' }],
    causes: ['key'],
    within: PARTIAL,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'runaway loop',
    what: 'an agent of consumer-7 makes the same dear call again and again, at 6 % of all traffic',
    each(stage) {
      const count = stage.chance.poisson(stage.rps * 0.06 * 10);
      for (let i = 0; i < count; i++) {
        const one = exchangeAt(stage.now + stage.chance.next() * 10_000, stage.revision);
        one.consumer = 'consumer-7';
        one.client = '10.0.0.77';
        one.headers = {
          'x-region': 'eu',
          'x-client-app': 'agent',
          'x-user-id': 'agent-1',
          'x-session-id': 'agent-session-1',
        } as Drawn['headers'];
        model(one, stage.chance);
        one.bytesIn = 8192;
        if (one.ai) {
          one.ai.usd = 0.01;
          one.ai.prompt = '';
          one.ai.promptVersion = '';
        }
        stage.add(one);
      }
    },
    places: [
      { consumer: 'consumer-7' },
      { consumer: 'consumer-7', model: 'support' },
      { consumer: 'consumer-7', route: 'ai' },
      { app: 'agent' },
      { consumer: 'consumer-7', app: 'agent' },
    ],
    causes: ['loop'],
    within: PARTIAL,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'bad config push',
    what: 'a revision cuts the payment pool: 60 % of what goes to payment times out',
    isRevision: true,
    changes: (at, revision) => [
      change(at, 'revision', 'config', String(revision), String(revision + 1), [{ upstream: 'payment' }]),
    ],
    strike(exchange, { chance }) {
      if (exchange.upstream === 'payment' && chance.next() < 0.6) fail(exchange, 'upstream_timeout', 504);
    },
    places: [{ upstream: 'payment' }],
    causes: ['config'],
    within: LARGE,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'provider brown-out',
    what: 'provider primary fails half its calls with 503 and answers slowly; half of those fall back',
    strike(exchange, { chance }) {
      const { ai } = exchange;
      if (ai?.provider !== 'primary') return;
      exchange.durationMs *= 2;
      ai.firstTokenMs *= 3;
      if (chance.next() >= 0.5) return;
      if (chance.next() < 0.5) {
        exchange.failedAttempts = [
          { upstream: 'primary', target: exchange.target, reason: '503', endedMs: 5 },
        ];
        fail(exchange, 'upstream_5xx', 503);
      } else {
        exchange.failedAttempts = [
          { upstream: 'primary', target: exchange.target, reason: '503', endedMs: 5 },
        ];
        exchange.attempts = 2;
        exchange.fallback = 'support-safe';
        ai.outcome = 'fallback_used';
        ai.provider = 'backup';
        ai.upstreamModel = 'claude-haiku-4-5';
        exchange.upstream = 'backup';
        exchange.target = 'backup/claude-haiku-4-5';
        ai.version = 'v1';
      }
    },
    places: [{ provider: 'primary' }],
    causes: ['provider'],
    within: LARGE,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'schema break',
    what: 'a release of the catalogue sends prices as text in 20 % of the products’ answers',
    isRevision: true,
    changes: (at, revision) => [
      change(at, 'revision', 'config', String(revision), String(revision + 1), []),
      ...released(at, '41', '42'),
    ],
    strike(exchange, { chance }) {
      if (exchange.route !== 'products' || exchange.cache === 'hit' || chance.next() >= 0.2) return;
      exchange.breaches = [{ direction: 'response', what: 'schema', at: '/items/0/price must be number' }];
    },
    places: [{ route: 'products' }, { route: 'products', upstream: 'catalog' }],
    causes: ['release', 'contract'],
    within: PARTIAL,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'stale cache',
    what: '30 % of the cache’s answers on products are minutes older than they may be',
    strike(exchange, { chance }) {
      if (exchange.cache === 'hit' && chance.next() < 0.3)
        exchange.cacheAgeMs = 60_000 + chance.next() * 600_000;
    },
    places: [{ route: 'products' }],
    causes: ['cache'],
    within: PARTIAL,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'one region',
    what: '40 % of what comes from region us fails, on every API route',
    strike(exchange, { chance }) {
      if (exchange.headers['x-region'] === 'us' && !exchange.ai && chance.next() < 0.4)
        fail(exchange, 'upstream_connect', 502);
    },
    places: [{ region: 'us' }],
    causes: ['unknown', 'upstream'],
    within: LARGE,
    minutes: 10,
  },
  {
    kind: 'fault',
    name: 'slow leak',
    what: 'target c of the catalogue grows slower by 1.5 % a minute',
    strike(exchange, { seconds }) {
      if (exchange.target === TARGETS[2]) exchange.durationMs *= 1.015 ** (seconds / 60);
    },
    places: [{ target: TARGETS[2] as string }],
    causes: ['target'],
    within: 75 * 60,
    minutes: 80,
  },
];

export const DECOYS: readonly Decoy[] = [
  { kind: 'decoy', name: 'double traffic', what: 'twice the requests', traffic: 2 },
  {
    kind: 'decoy',
    name: 'no-op reload',
    what: 'a revision without a difference',
    isRevision: true,
    changes: (at, revision) => [change(at, 'revision', 'config', String(revision), String(revision + 1), [])],
  },
  {
    kind: 'decoy',
    name: 'one-tick burst',
    what: 'a fifth of everything fails, for ten seconds',
    heals: 10,
    strike(exchange, { chance }) {
      if (chance.next() < 0.2) fail(exchange, 'upstream_5xx', 502);
    },
  },
  {
    kind: 'decoy',
    name: 'one client’s 404s',
    what: 'one client asks for what is not there, at 10 % of all traffic',
    each(stage) {
      const count = stage.chance.poisson(stage.rps);
      for (let i = 0; i < count; i++) {
        const one = draw(stage.chance, stage.now + stage.chance.next() * 10_000, stage.revision);
        if (one.ai) continue;
        one.consumer = 'consumer-5';
        one.client = '10.0.0.55';
        one.headers = { ...one.headers, 'x-user-id': 'scraper' } as Drawn['headers'];
        one.reason = 'upstream_4xx';
        one.status = 404;
        stage.add(one);
      }
    },
  },
  {
    kind: 'decoy',
    name: 'nightly batch',
    what: 'one consumer’s batch: ten times its requests, slower ones, from its own address',
    each(stage) {
      const count = stage.chance.poisson(stage.rps * 10);
      for (let i = 0; i < count; i++) {
        const one = draw(stage.chance, stage.now + stage.chance.next() * 10_000, stage.revision);
        if (one.ai) continue;
        one.consumer = 'consumer-9';
        one.client = '10.0.1.91';
        one.headers = { ...one.headers, 'x-user-id': 'batch', 'x-client-app': 'batch' } as Drawn['headers'];
        one.durationMs *= 1.5;
        stage.add(one);
      }
    },
  },
  {
    kind: 'decoy',
    name: 'thin route',
    what: 'a route with 0.05 requests/s of which one in ten fails, as ever',
  },
  {
    kind: 'decoy',
    name: 'heals in 40 s',
    what: 'half of checkout fails, for 40 s',
    heals: 40,
    strike(exchange, { chance }) {
      if (exchange.route === 'checkout' && chance.next() < 0.5) fail(exchange, 'upstream_timeout', 504);
    },
  },
];

/** Pairs that begin within the same two minutes, in different places. */
export const PAIRS: readonly (readonly [string, string])[] = [
  ['bad instance', 'provider brown-out'],
  ['slow dependency', 'bad config push'],
  ['stale cache', 'context race'],
  ['abused key', 'one region'],
];
