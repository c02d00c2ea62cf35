import { DIMENSIONS } from '../../record/signals/layout.ts';
import { type Counts, WHOLE } from '../signals/counts.ts';
import { KINDS } from '../signals/leaves.ts';
import { isBad, MOST_BAD } from './bad-states.ts';
import type { KnownChange } from './cause.ts';
import type { Where } from './place.ts';
import { providerOutages } from './provider-outages.ts';
import type { EngineSettings } from './settings.ts';
import { MINUTE } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

const ROUTE = DIMENSIONS.indexOf('route');
const UPSTREAM = DIMENSIONS.indexOf('upstream');
const MODEL = DIMENSIONS.indexOf('model');
const PROVIDER = DIMENSIONS.indexOf('provider');
const TARGET = DIMENSIONS.indexOf('target');

/** Share of an upstream's targets that must be away for it to be capacity that is lost. */
const LOST = 0.5;
/** Requests a minute that a route must usually have, and what is left of them where traffic is gone. */
const LEAST_TRAFFIC = 50;
const GONE = 0.1;
/** Ticks of which traffic must be known. */
const KNOWN = 60;

interface Held {
  readonly change: KnownChange;
}

const AWAY: ReadonlySet<string> = new Set(['health', 'ejection']);

/** What is in a bad state, and since when: breakers, targets, certificates, and traffic that is gone. */
export class States {
  readonly #bad = new Map<string, Held>();
  /** Requests a minute that were usual where traffic is gone, when it went: what is usual becomes none, too. */
  readonly #goneFrom = new Map<string, number>();

  take(change: KnownChange): void {
    const key = `${change.kind} ${change.subject}`;
    this.#bad.delete(key);
    if (!isBad(change) || this.#bad.size >= MOST_BAD) return;
    this.#bad.set(key, { change });
  }

  /** Targets that are in the config no more are not away: if they come back they begin anew. */
  use({ upstreams }: EngineSettings): void {
    const targets = targetsOf(upstreams);
    for (const [key, { change }] of this.#bad)
      if (AWAY.has(change.kind) && !targets.has(change.subject)) this.#bad.delete(key);
  }

  suspicions(counts: Counts, settings: EngineSettings, isSteady: boolean): Suspicion[] {
    return [
      ...this.#breakers(counts),
      ...this.#providers(counts),
      ...this.#capacity(counts, settings),
      ...this.#certificates(),
      ...this.#tools(counts),
      ...this.#probes(counts),
      ...(isSteady ? this.#goneTraffic(counts) : []),
    ];
  }

  /** Goes on with traffic that another engine had found gone. @param usual requests a minute */
  resumeGone([only]: readonly Where[], usual: number): void {
    this.#goneFrom.set(only ? `${only.dimension} ${only.value}` : `${WHOLE} 0`, usual);
  }

  #all(kind: string): KnownChange[] {
    return [...this.#bad.values()].flatMap(({ change }) => (change.kind === kind ? [change] : []));
  }

  #breakers(counts: Counts): Suspicion[] {
    return this.#all('breaker').map((change) =>
      stateOf({
        reason: 'breaker_open',
        place: placeOf(counts, change.subject),
        since: change.tick,
        sentence: sentenceOf(change),
        events: [lineOf(change)],
        severity: 'medium',
      }),
    );
  }

  #providers(counts: Counts): Suspicion[] {
    const placed = ({ subject }: KnownChange): Where[] => providerPlaceOf(counts, subject);
    return providerOutages(counts, this.#all('provider'), placed).map(({ place, changes }) =>
      stateOf({
        reason: 'provider_out',
        place,
        since: Math.min(...changes.map(({ tick }) => tick)),
        sentence: changes.map(sentenceOf).join(' '),
        events: changes.map(lineOf),
        severity: 'medium',
      }),
    );
  }

  #capacity(counts: Counts, settings: EngineSettings): Suspicion[] {
    const away = [...this.#all('health'), ...this.#all('ejection')];
    return Object.entries(settings.upstreams).flatMap(([upstream, targets]) => {
      const here = targetsOf({ [upstream]: targets });
      const own = away.filter(({ subject }) => here.has(subject));
      const gone = new Set(own.map(({ subject }) => subject));
      if (targets.length === 0 || gone.size === 0 || gone.size / targets.length < LOST) return [];
      return [
        stateOf({
          reason: 'capacity_lost',
          place: [{ dimension: UPSTREAM, value: counts.dictionary.of(UPSTREAM, upstream) }],
          since: Math.max(...own.map(({ tick }) => tick)),
          sentence: `${gone.size} of ${targets.length} targets of ${upstream} are away.`,
          events: own.map(lineOf),
          severity: gone.size === targets.length ? 'critical' : 'high',
        }),
      ];
    });
  }

  #tools(counts: Counts): Suspicion[] {
    return this.#all('tool').map((change) => {
      const [server = '', ...tool] = change.subject.split(' ');
      const route = `mcp/${server}/${tool.join(' ')}`;
      return stateOf({
        reason: 'tool_changed',
        place: [{ dimension: ROUTE, value: counts.dictionary.of(ROUTE, route) }],
        since: change.tick,
        sentence: `The tool ${tool.join(' ')} of the MCP server ${server} is not what it was: ${change.reason}.`,
        events: [lineOf(change)],
        severity: 'high',
        cause: 'tool',
      });
    });
  }

  /** A conversation that was held for trial did not get back what it had said: known before a user says so. */
  #probes(counts: Counts): Suspicion[] {
    return this.#all('probe').map((change) => {
      const [model = '', ...name] = change.subject.split(' ');
      const probe = name.join(' ');
      const what = change.to === 'forgot' ? 'forgets what it was told' : 'can’t be held to its end';
      const sentence = `The conversation of the probe ${probe} with the model ${model} ${what}: ${change.reason}.`;
      return {
        ...stateOf({
          reason: `probe_${change.to}`,
          place: [{ dimension: MODEL, value: counts.dictionary.of(MODEL, model) }],
          since: change.tick,
          sentence,
          events: [lineOf(change)],
          severity: 'high',
        }),
        category: 'data',
        labels: ['context-integrity'],
        cause: { kind: 'context', sentence, confidence: 0.75, change: null },
      };
    });
  }

  #certificates(): Suspicion[] {
    return this.#all('certificate').map((change) =>
      stateOf({
        reason: 'certificate_expiring',
        place: [],
        since: change.tick,
        sentence: `The certificate ${change.subject} is ${change.to}: ${change.reason}.`,
        events: [lineOf(change)],
        severity: change.to === 'expired' ? 'critical' : 'medium',
        cause: 'certificate',
      }),
    );
  }

  /** Routes, or everything, that had traffic and have none. */
  #goneTraffic(counts: Counts): Suspicion[] {
    const found: Suspicion[] = [];
    for (const series of counts.series.values()) {
      if (series.kind !== KINDS.request || (series.dimension !== ROUTE && series.dimension !== WHOLE))
        continue;
      const key = `${series.dimension} ${series.value}`;
      const known = series.baseTicks < KNOWN ? 0 : (series.base / series.baseTicks) * MINUTE;
      const usual = this.#goneFrom.get(key) ?? known;
      const now = series.sum(series.totals, counts.tick, MINUTE);
      if (usual < LEAST_TRAFFIC || now > GONE * usual) {
        this.#goneFrom.delete(key);
        continue;
      }
      this.#goneFrom.set(key, usual);
      const isWhole = series.dimension === WHOLE;
      const name = isWhole ? 'the gateway' : counts.dictionary.name(ROUTE, series.value);
      found.push({
        ...stateOf({
          reason: 'traffic_gone',
          place: isWhole ? [] : [{ dimension: ROUTE, value: series.value }],
          since: counts.tick - MINUTE + 1,
          sentence: `${name} had ${now} requests in the last minute; usually ${usual.toFixed(0)}.`,
          events: [],
          severity: isWhole ? 'critical' : 'high',
        }),
        measured: {
          signal: 'state',
          unit: 'count',
          observed: now,
          expected: usual,
          ratio: now / usual,
          interval: [now, now + 3],
        },
        rank: isWhole ? 3 : 4,
      });
    }
    return found;
  }
}

/** Targets as changes of their states name them. */
const targetsOf = (upstreams: EngineSettings['upstreams']): ReadonlySet<string> =>
  new Set(Object.entries(upstreams).flatMap(([name, urls]) => urls.map((url) => `${name} ${url}`)));

const sentenceOf = ({ kind, subject, to, reason }: KnownChange): string =>
  `The ${kind} of ${subject} is ${to}${reason === to ? '' : `: ${reason}`}.`;

const lineOf = ({ kind, subject, to, reason }: KnownChange): string =>
  `${kind} ${subject}: ${to} (${reason})`;

/** `catalog`, `catalog http://127.0.0.1:9001`, `support primary/gpt-4o-mini`: the finest of it that traffic is known of. */
function placeOf(counts: Counts, subject: string): Where[] {
  const words = subject.split(' ');
  const [first = ''] = words;
  const last = words.at(-1) ?? '';
  return firstKnown(counts, [
    [TARGET, last],
    [UPSTREAM, first],
    [MODEL, first],
    [PROVIDER, last.split('/')[0] ?? ''],
  ]);
}

/** `primary/gpt-4o`, `primary/gpt-4o#key` and, of a whole account, `primary`, `primary#key`. */
function providerPlaceOf(counts: Counts, subject: string): Where[] {
  const [name = ''] = subject.split('#');
  return firstKnown(counts, [
    [TARGET, name],
    [PROVIDER, name.split('/')[0] ?? ''],
  ]);
}

function firstKnown(counts: Counts, names: readonly (readonly [dimension: number, name: string])[]): Where[] {
  for (const [dimension, name] of names) {
    const value = counts.dictionary.of(dimension, name);
    if (counts.seriesOf(dimension, value, KINDS.request)) return [{ dimension, value }];
  }
  return [];
}

function stateOf(of: {
  reason: string;
  place: readonly Where[];
  since: number;
  sentence: string;
  events: readonly string[];
  severity: Suspicion['severity'];
  cause?: 'certificate' | 'tool';
}): Suspicion {
  const { reason, place, since, sentence, events, severity, cause } = of;
  return {
    detector: 'state',
    signal: 'state',
    reason,
    category: cause ? 'security' : 'integration',
    family: 'service',
    rank: 6,
    labels: [],
    parties: 1,
    mark: undefined,
    kind: KINDS.request,
    places: [place],
    share: 1,
    since,
    bad: 0,
    total: 0,
    expected: 0,
    statistic: 1,
    threshold: 1,
    baseline: 'objective',
    sentence,
    measured: { signal: 'state', unit: 'count', observed: 1, expected: 0, ratio: null, interval: [1, 1] },
    events,
    ...(severity ? { severity } : {}),
    ...(cause ? { cause: { kind: cause, sentence, confidence: 0.9, change: null } } : {}),
  };
}
