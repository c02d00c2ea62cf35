// A hundred routes in an ordinary week: days and nights, weekends, what always fails a little, and what passes by itself.
import type { Chance } from './chance.ts';
import { type Drawn, exchangeAt, fail, model } from './world.ts';

const ROUTES = 100;
const CONSUMERS = 20;
const USERS = 2000;
const REGIONS = ['eu', 'us', 'apac'];
const REGION_SHARES = [0.5, 0.35, 0.15];
const APPS = ['web', 'ios', 'android'];
const LANGUAGES = ['english', 'english', 'german', 'english', 'french', 'english', 'german'];
const TOOLS = ['', 'search', 'order'];
const TOOL_SHARES = [0.6, 0.3, 0.1];
/** Share of all requests that are calls to a model. */
const MODEL_SHARE = 0.08;
const CLIENT_ERRORS = 0.01;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

interface QuietRoute {
  readonly name: string;
  readonly upstream: string;
  readonly targets: readonly string[];
  readonly medianMs: number;
  /** Share of its requests that fail, on an ordinary day. */
  readonly errors: number;
  /** What this hour makes of errors and times: no two hours are the same. */
  errorsNow: number;
  timesNow: number;
}

/** The shop that nobody has to look after this week. The same seed gives the same week. */
export class QuietWorld {
  readonly routes: readonly QuietRoute[];
  readonly #chance: Chance;
  /** Up to which share of all requests each route has its own: a few have most, and many hardly any (Zipf). */
  readonly #upTo: readonly number[];
  #hour = -1;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.routes = Array.from({ length: ROUTES }, (_, at): QuietRoute => {
      // Five routes an upstream, and two to four targets each.
      const upstream = `service-${Math.floor(at / 5)}`;
      const targets = Array.from(
        { length: 2 + (Math.floor(at / 5) % 3) },
        (_, n) => `http://${upstream}-${n}.internal:8080`,
      );
      // One in ten thousand to one in two hundred; two routes have always been a little broken.
      const errors = at % 50 === 7 ? 0.03 : 10 ** -(2.3 + 1.7 * chance.next());
      return {
        name: `route-${at}`,
        upstream,
        targets,
        medianMs: 20 * 20 ** chance.next(),
        errors,
        errorsNow: errors,
        timesNow: 1,
      };
    });
    const weights = this.routes.map((_, at) => 1 / (at + 1));
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.#upTo = weights.map((weight) => {
      sum += weight / all;
      return sum;
    });
  }

  /** Requests of a moment as a share of those on average: more by day, fewer at night and at the weekend. */
  busyness(at: number): number {
    const hour = (at % DAY_MS) / HOUR_MS;
    const day = new Date(at).getUTCDay();
    const byHour = 1 + 0.7 * Math.sin(((hour - 8) / 24) * 2 * Math.PI);
    return (day === 0 || day === 6 ? 0.7 : 1.12) * byHour;
  }

  /** A request of the ordinary kind. */
  draw(at: number, revision: number): Drawn {
    this.#keepHour(at);
    const chance = this.#chance;
    const one = exchangeAt(at, revision);
    const user = chance.below(USERS);
    const consumer = user % CONSUMERS;
    one.consumer = `consumer-${consumer}`;
    one.client = `10.0.${consumer}.${user % 8}`;
    one.headers = {
      'x-region': REGIONS[chance.weighted(REGION_SHARES)] as string,
      'x-client-app': APPS[user % 3] as string,
      'x-user-id': `user-${user}`,
      'x-session-id': `session-${user}-${Math.floor(at / HOUR_MS)}`,
    } as Drawn['headers'];
    if (chance.next() < MODEL_SHARE) {
      model(one, chance);
      if (one.ai) {
        one.ai.language = LANGUAGES[user % LANGUAGES.length] as string;
        one.ai.tool = TOOLS[chance.weighted(TOOL_SHARES)] as string;
      }
    } else this.#call(one);
    if (chance.next() < CLIENT_ERRORS) fail(one, 'upstream_4xx', 404);
    return one;
  }

  #call(one: Drawn): void {
    const chance = this.#chance;
    const share = chance.next();
    const at = this.#upTo.findIndex((upTo) => share < upTo);
    const route = this.routes[at < 0 ? ROUTES - 1 : at] as QuietRoute;
    one.route = route.name;
    one.path = `/api/${route.name}`;
    one.upstream = route.upstream;
    one.target = route.targets[chance.below(route.targets.length)] as string;
    one.durationMs = route.medianMs * route.timesNow * Math.exp(0.45 * chance.normal());
    one.attempts = 1;
    if (chance.next() < route.errorsNow)
      fail(one, chance.next() < 0.5 ? 'upstream_5xx' : 'upstream_timeout', 502);
  }

  #keepHour(at: number): void {
    const hour = Math.floor(at / HOUR_MS);
    if (hour === this.#hour) return;
    this.#hour = hour;
    const isBusy = this.busyness(at) > 1.5;
    for (const route of this.routes) {
      route.errorsNow = route.errors * Math.exp(0.3 * this.#chance.normal());
      route.timesNow = (isBusy ? 1.1 : 1) * Math.exp(0.05 * this.#chance.normal());
    }
  }
}

/** What happens every day and is nobody's matter: when it begins, in hours, for how long, and what it is. */
export interface Habit {
  readonly name: string;
  readonly hour: number;
  readonly minutes: number;
  /** How many times the ordinary traffic. */
  readonly traffic?: number;
  /** Makes ordinary requests worse. */
  readonly strike?: (one: Drawn, chance: Chance, day: number) => void;
  /** Requests beside the ordinary ones, as a share of them, each of which this is done to. */
  readonly beside?: { readonly share: number; readonly each: (one: Drawn, day: number) => void };
}

const someRoute = (day: number): string => `route-${(day * 3) % 10}`;

export const HABITS: readonly Habit[] = [
  {
    name: 'a batch at night',
    hour: 2,
    minutes: 30,
    beside: {
      share: 2,
      each: (one) => {
        one.consumer = 'consumer-3';
        one.client = '10.0.3.99';
        one.headers = { ...one.headers, 'x-user-id': 'batch', 'x-client-app': 'batch' } as Drawn['headers'];
        one.durationMs *= 1.5;
      },
    },
  },
  { name: 'an hour of twice the traffic', hour: 12, minutes: 60, traffic: 2 },
  {
    name: 'ten seconds in which a tenth fails',
    hour: 9.5,
    minutes: 1 / 6,
    strike: (one, chance) => {
      if (chance.next() < 0.1) fail(one, 'upstream_5xx', 502);
    },
  },
  {
    name: 'a route that fails for 40 s',
    hour: 16,
    minutes: 2 / 3,
    strike: (one, chance, day) => {
      if (one.route === someRoute(day) && chance.next() < 0.5) fail(one, 'upstream_timeout', 504);
    },
  },
  {
    name: 'one client that asks for what is not there',
    hour: 19,
    minutes: 20,
    beside: {
      share: 0.1,
      each: (one) => {
        one.consumer = 'consumer-5';
        one.client = '10.0.5.55';
        one.headers = { ...one.headers, 'x-user-id': 'scraper' } as Drawn['headers'];
        one.reason = 'upstream_4xx';
        one.status = 404;
      },
    },
  },
];
