import type {
  ObjectiveState,
  RatePoint,
  RateQuery,
  TrafficEdge,
  TrafficFigures,
} from '../../contracts/engine.ts';
import type { Dimension, Scope } from '../../contracts/signal.ts';
import { HyperLogLog } from '../../lib/hyperloglog.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import { WHOLE } from '../signals/counts.ts';
import { KIND, KINDS, RING } from '../signals/leaves.ts';
import { SIGNALS } from '../signals/marks.ts';
import type { Series } from '../signals/series.ts';
import type { HypercareCore } from './core.ts';
import { History } from './history.ts';
import { HOUR, MINUTE } from './settings.ts';

/** Dimensions whose single values have a history. */
const KEPT: ReadonlySet<number> = new Set(
  [WHOLE].concat(
    (
      [
        'route',
        'upstream',
        'target',
        'provider',
        'model',
        'prompt',
        'promptVersion',
        'consumer',
        'region',
      ] as const
    ).map((name) => DIMENSIONS.indexOf(name)),
  ),
);
/** Who calls whom: edges of the traffic map. */
const EDGES: readonly (readonly [Dimension | 'gateway', Dimension])[] = [
  ['gateway', 'route'],
  ['route', 'upstream'],
  ['upstream', 'target'],
  ['route', 'model'],
  ['model', 'provider'],
  ['provider', 'target'],
];
const MOST_EDGES = 500;
const MOST_VALUES = 1000;
const ERRORS: ReadonlySet<string> = new Set(['errors', 'silent']);
/** Each is counted as a signal of its own, at what was asked. */
const ATTEMPTS: ReadonlySet<string> = new Set(['attempts']);
/** What is asked, once or more for one request: there attempts are traffic, elsewhere only requests are. */
const ASKED: ReadonlySet<number> = new Set(
  (['upstream', 'target', 'provider', 'version'] as const).map((name) => DIMENSIONS.indexOf(name)),
);
const CONSUMER = DIMENSIONS.indexOf('consumer');
const ROUTE = DIMENSIONS.indexOf('route');

/** What the engine can be asked, answered from what it has counted. */
export class Questions {
  readonly #core: HypercareCore;
  readonly history: History = new History();
  /** Wall clock at the end of the last tick. */
  #lastTickAt: number;

  /** @param now wall clock, milliseconds since the epoch: until a tick has been, what was remembered ends here */
  constructor(core: HypercareCore, now: number) {
    this.#core = core;
    this.#lastTickAt = now;
  }

  /** Before the core's own tick: keeps what was counted in it. @param now wall clock */
  keep(now: number): void {
    const { counts } = this.#core;
    const at = counts.tick % RING;
    this.#lastTickAt = now;
    for (const series of counts.series.values()) {
      if (!KEPT.has(series.dimension) || series.lastTick !== counts.tick) continue;
      this.history.add(nameOf(series), counts.tick, series.totals[at] as number);
      for (const [mark, { ring }] of series.marks)
        this.history.add(`${nameOf(series)} ${mark}`, counts.tick, ring[at] as number);
    }
    if (counts.tick % HOUR === HOUR - 1) this.history.trim(counts.tick);
  }

  rates({ signal, scope, from, to, step }: RateQuery): RatePoint[] {
    const { counts, settings } = this.#core;
    const kind = SIGNALS[signal.split(':')[0] as keyof typeof SIGNALS]?.kind ?? KINDS.request;
    const series = this.#seriesOf(scope, kind);
    if (!series) return [];
    const { tickMs } = settings;
    const tickOf = (time: number): number => counts.tick - (this.#lastTickAt - time) / tickMs;
    const timeOf = (tick: number): number => this.#lastTickAt - (counts.tick - tick) * tickMs;
    const bad = counts.marks.matching(signal).map(({ id }) => `${nameOf(series)} ${id}`);
    const points = (of: readonly string[]): RatePoint[] =>
      this.history.points(of, nameOf(series), step, [Math.max(0, tickOf(from)), tickOf(to)], timeOf);
    if (!ERRORS.has(signal.split(':')[0] ?? '') || ASKED.has(series.dimension)) return points(bad);
    const attempts = points(counts.marks.matching('attempts').map(({ id }) => `${nameOf(series)} ${id}`));
    return points(bad).map((point, i) => ({ ...point, total: point.total - (attempts[i]?.bad ?? 0) }));
  }

  objectives(): ObjectiveState[] {
    const { objectives, settings } = this.#core;
    return objectives.all.map((objective) => objective.state(this.#lastTickAt, settings.tickMs));
  }

  trafficMap(): TrafficEdge[] {
    const { counts, settings, intake } = this.#core;
    const ticks = Math.min(RING, counts.tick, 10 * MINUTE);
    if (ticks === 0) return [];
    const seconds = (ticks * settings.tickMs) / 1000;
    const edges = new Map<
      string,
      { from: readonly [number, number]; to: readonly [number, number] } & Omit<Traffic, 'leaf'>
    >();
    for (const { leaf, total, bad, attempts } of this.#leaves(ticks)) {
      for (const [from, to] of EDGES) {
        const [a, b] = [from === 'gateway' ? WHOLE : DIMENSIONS.indexOf(from), DIMENSIONS.indexOf(to)];
        const [va, vb] = [a < 0 ? 0 : counts.leaves.value(leaf, a), counts.leaves.value(leaf, b)];
        if ((a >= 0 && va < 2) || vb < 2) continue;
        const key = `${a} ${va} ${b} ${vb}`;
        const edge = edges.get(key) ?? {
          from: [a, va] as const,
          to: [b, vb] as const,
          total: 0,
          bad: 0,
          attempts: 0,
        };
        edge.total += total;
        edge.bad += bad;
        edge.attempts += attempts;
        edges.set(key, edge);
      }
    }
    return [...edges.values()]
      .sort((a, b) => b.total - a.total)
      .slice(0, MOST_EDGES)
      .map(({ from: [a, va], to: [b, vb], bad, ...edge }): TrafficEdge => {
        const total = requestsOf(b, { ...edge, bad });
        const times = intake.latencies.of(b, vb)?.quantiles(10);
        return {
          from:
            a < 0
              ? { dimension: 'gateway', value: '' }
              : { dimension: DIMENSIONS[a] as Dimension, value: counts.dictionary.name(a, va) },
          to: { dimension: DIMENSIONS[b] as Dimension, value: counts.dictionary.name(b, vb) },
          requestsPerSecond: total / seconds,
          errorRate: total > 0 ? Math.min(1, bad / total) : 0,
          p50: times?.p50 ?? null,
          p95: times?.p95 ?? null,
          p99: times?.p99 ?? null,
        };
      });
  }

  figures(scope: Scope): TrafficFigures {
    const { counts, intake } = this.#core;
    const series = this.#seriesOf(scope, KINDS.request);
    const ticks = Math.min(RING, counts.tick);
    const users = new HyperLogLog();
    const consumers = new Set<number>();
    let errors = 0;
    let requests = 0;
    const where = series && series.dimension !== WHOLE ? series : undefined;
    for (const { leaf, ...traffic } of this.#leaves(ticks)) {
      if (where && counts.leaves.value(leaf, where.dimension) !== where.value) continue;
      requests += requestsOf(where?.dimension ?? WHOLE, traffic);
      errors += traffic.bad;
      const consumer = counts.leaves.value(leaf, CONSUMER);
      if (consumer > 1) consumers.add(consumer);
    }
    for (const event of counts.events.since(counts.tick - ticks)) if (event.user !== 0) users.add(event.user);
    const times = where
      ? intake.latencies.of(where.dimension, where.value)?.quantiles(10)
      : intake.latencies.quantiles(ROUTE, 10);
    let usd = 0;
    for (const { recent } of intake.spending.all()) usd += recent.reduce((sum, each) => sum + each, 0);
    return {
      requests,
      errors,
      consumers: consumers.size,
      users: users.count,
      usd,
      p50: times?.p50 ?? null,
      p95: times?.p95 ?? null,
      p99: times?.p99 ?? null,
    };
  }

  values(dimension: Dimension): string[] {
    const { counts } = this.#core;
    const at = DIMENSIONS.indexOf(dimension);
    return [...counts.series.values()]
      .filter((series) => series.dimension === at && series.kind === KINDS.request)
      .map((series) => ({ series, total: series.base + series.sum(series.totals, counts.tick, RING) }))
      .sort((a, b) => b.total - a.total)
      .slice(0, MOST_VALUES)
      .map(({ series }) => counts.dictionary.name(at, series.value));
  }

  /** Leaves of requests with what they had in the last ticks. */
  *#leaves(ticks: number): Generator<Traffic> {
    const { counts } = this.#core;
    const { leaves, tick } = counts;
    const cellsOf = (signals: ReadonlySet<string>) =>
      counts.marks.all.filter(({ signal }) => signals.has(signal)).map(({ id }) => counts.cells(id));
    const [marks, failed] = [cellsOf(ERRORS), cellsOf(ATTEMPTS)];
    for (let leaf = 0; leaf < leaves.end; leaf++) {
      if (!leaves.isUsed(leaf) || leaves.value(leaf, KIND) !== KINDS.request) continue;
      let total = 0;
      let bad = 0;
      let attempts = 0;
      for (let back = 1; back <= ticks; back++) {
        const at = (tick - back) % RING;
        total += leaves.total(leaf, tick - back);
        for (const cells of marks) bad += cells.of(leaf)?.ring[at] ?? 0;
        for (const cells of failed) attempts += cells.of(leaf)?.ring[at] ?? 0;
      }
      if (total > 0) yield { leaf, total, bad, attempts };
    }
  }

  #seriesOf(scope: Scope, kind: number): Series | undefined {
    const { counts } = this.#core;
    for (const [dimension, name] of DIMENSIONS.entries()) {
      const value = scope[name];
      if (value !== undefined && KEPT.has(dimension))
        return counts.seriesOf(dimension, counts.dictionary.of(dimension, value), kind);
    }
    return counts.seriesOf(WHOLE, 0, kind);
  }
}

/** Signals at a leaf, or on an edge: of them the bad requests, and the attempts that failed. */
interface Traffic {
  readonly leaf: number;
  total: number;
  bad: number;
  attempts: number;
}

/** A request that failed at what it had asked is there twice, as an attempt and as itself. */
const requestsOf = (dimension: number, { total, bad, attempts }: Omit<Traffic, 'leaf'>): number =>
  total - (ASKED.has(dimension) ? Math.min(bad, attempts) : attempts);

const nameOf = ({ dimension, value, kind }: Series): string => `${dimension} ${value} ${kind}`;
