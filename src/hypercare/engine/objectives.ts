import type { ObjectiveState } from '../../contracts/engine.ts';
import type { BadAndTotal, Scope } from '../../contracts/signal.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Dictionary } from '../signals/dictionary.ts';
import type { Mark } from '../signals/marks.ts';
import type { ObjectiveMemory } from './remembered.ts';
import { HOUR, MINUTE, type ObjectiveSetting, ticksOf } from './settings.ts';

const ROUTE = DIMENSIONS.indexOf('route');
const MODEL = DIMENSIONS.indexOf('model');

/** Minutes and hours that are kept of an objective. */
const MINUTES = 360;
const HOURS = 24 * 90;
const DAY_MS = 86_400_000;
/** Requests that an answer to "is it met" takes at least. */
const ENOUGH = 20;

/** A burn rate that is too high over a long and a short window: the budget runs out, and it is still happening. */
export interface BurnRule {
  readonly rate: number;
  readonly longMinutes: number;
  readonly shortMinutes: number;
}

/** Google's SRE workbook, chapter 5: multi-window, multi-burn-rate alerts. */
export const BURN_RULES: readonly BurnRule[] = [
  { rate: 14.4, longMinutes: 60, shortMinutes: 5 },
  { rate: 6, longMinutes: 360, shortMinutes: 30 },
  { rate: 1, longMinutes: 3 * 24 * 60, shortMinutes: 360 },
];

/** One objective's counts: minutes for six hours, hours for 90 days. Of spending, `bad` is US dollars. */
export class Objective {
  readonly setting: ObjectiveSetting;
  readonly #minutes: BadAndTotal[] = [];
  readonly #hours: BadAndTotal[] = [];
  #now = { bad: 0, total: 0 };
  #hour = { bad: 0, total: 0 };
  #ticks = 0;
  /** Of this replica, since it was last taken. */
  #own = { bad: 0, total: 0 };

  constructor(setting: ObjectiveSetting) {
    this.setting = setting;
  }

  count(bad: number, total: number): void {
    this.#now.bad += bad;
    this.#now.total += total;
    this.#own.bad += bad;
    this.#own.total += total;
  }

  /** What another replica has counted. */
  add(bad: number, total: number): void {
    this.#now.bad += bad;
    this.#now.total += total;
  }

  /** What was counted here since the last time. */
  takeOwn(): BadAndTotal {
    const own = this.#own;
    this.#own = { bad: 0, total: 0 };
    return own;
  }

  /** What has been counted, but for the minute that runs. */
  get memory(): ObjectiveMemory {
    return { minutes: this.#minutes, hours: this.#hours, hour: { ...this.#hour }, ticks: this.#ticks };
  }

  recall({ minutes, hours, hour, ticks }: ObjectiveMemory): void {
    this.#hour = { ...hour };
    this.#minutes.push(...minutes);
    this.#hours.push(...hours);
    this.#ticks = ticks;
  }

  step(): void {
    this.#ticks++;
    if (this.#ticks % MINUTE !== 0) return;
    this.#minutes.push(this.#now);
    this.#hour.bad += this.#now.bad;
    this.#hour.total += this.#now.total;
    this.#now = { bad: 0, total: 0 };
    if (this.#minutes.length > MINUTES) this.#minutes.shift();
    if (this.#ticks % HOUR !== 0) return;
    this.#hours.push(this.#hour);
    this.#hour = { bad: 0, total: 0 };
    if (this.#hours.length > HOURS) this.#hours.shift();
  }

  /** Bad and total of the last so many minutes. */
  last(minutes: number): BadAndTotal {
    const sum = { bad: this.#now.bad, total: this.#now.total };
    const add = ({ bad, total }: BadAndTotal): void => {
      sum.bad += bad;
      sum.total += total;
    };
    if (minutes <= MINUTES) {
      if (minutes > 0) this.#minutes.slice(-minutes).forEach(add);
      return sum;
    }
    add(this.#hour);
    this.#hours.slice(-Math.round(minutes / 60)).forEach(add);
    return sum;
  }

  /** How many times faster than allowed the budget burns, over the last minutes; null: no traffic. */
  burn(minutes: number): number | null {
    const { allowed, kind } = this.setting;
    const { bad, total } = this.last(minutes);
    if (kind === 'spend')
      return allowed <= 0 ? null : bad / ((allowed * Math.min(minutes, this.minutes)) / 1440);
    return total === 0 || allowed <= 0 ? null : bad / total / allowed;
  }

  /** Minutes of which there is something, at most those asked for. */
  get minutes(): number {
    return Math.max(1, Math.round(this.#ticks / MINUTE));
  }

  state(now: number, tickMs: number): ObjectiveState {
    const { name, dimension, value, kind, allowed, over } = this.setting;
    const window = Math.max(1, Math.round(ticksOf(over) / MINUTE));
    const { bad, total } = this.last(window);
    const scope: Scope = dimension === '' ? {} : { [dimension]: value };
    const budget = kind === 'spend' ? allowed * (over / DAY_MS) : total * allowed;
    const isKnown = kind === 'spend' ? this.#ticks > 0 : total > 0;
    return {
      name,
      scope,
      kind,
      allowed,
      over,
      bad,
      total,
      budgetLeft: isKnown && budget > 0 ? 1 - bad / budget : null,
      burn: isKnown ? this.burn(60) : null,
      isMet: kind === 'spend' || total >= ENOUGH ? bad <= budget : null,
      since: isKnown ? now - Math.min(over, this.#ticks * tickMs) : null,
    };
  }
}

/** All objectives, counted as requests come. */
export class Objectives {
  readonly #dictionary: Dictionary;
  all: Objective[] = [];
  #byRoute = new Map<number, Objective[]>();
  #byModel = new Map<number, Objective[]>();
  #everywhere: Objective[] = [];

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  /** Those of the config, from now on; one that is as it was keeps its counts. */
  use(settings: readonly ObjectiveSetting[]): void {
    const before = new Map(this.all.map((objective) => [JSON.stringify(objective.setting), objective]));
    this.all = settings.map((setting) => before.get(JSON.stringify(setting)) ?? new Objective(setting));
    this.#byRoute = this.#by('route', ROUTE);
    this.#byModel = this.#by('model', MODEL);
    this.#everywhere = this.all.filter(({ setting }) => setting.dimension === '');
  }

  #by(name: 'route' | 'model', space: number): Map<number, Objective[]> {
    const by = new Map<number, Objective[]>();
    for (const objective of this.all) {
      if (objective.setting.dimension !== name) continue;
      const value = this.#dictionary.of(space, objective.setting.value);
      by.set(value, [...(by.get(value) ?? []), objective]);
    }
    return by;
  }

  #of(key: Uint16Array): readonly (readonly Objective[])[] {
    return [
      this.#byRoute.get(key[ROUTE] as number) ?? NONE,
      this.#byModel.get(key[MODEL] as number) ?? NONE,
      this.#everywhere,
    ];
  }

  /** Milliseconds that an objective allows: what is under it is not slow. 0: there is none. */
  slowFloor(isModel: boolean, key: Uint16Array): number {
    const of = isModel ? this.#byModel.get(key[MODEL] as number) : this.#byRoute.get(key[ROUTE] as number);
    if (!of) return 0;
    let floor = 0;
    for (const { setting } of of)
      if (setting.kind === 'latency' && setting.allowed <= 0.05) floor = Math.max(floor, setting.overMs);
    return floor;
  }

  /** The same of the time to the first token. */
  firstTokenFloor(key: Uint16Array): number {
    let floor = 0;
    for (const { setting } of this.#byModel.get(key[MODEL] as number) ?? [])
      if (setting.kind === 'first-token' && setting.allowed <= 0.05) floor = Math.max(floor, setting.overMs);
    return floor;
  }

  /**
   * Of the error budget of a place's objective, the share that so many bad requests burn; null: there is no objective, or
   * it is not known yet how much traffic there is.
   */
  burntBy(
    bad: number,
    signal: string,
    { dimension, value }: { readonly dimension: number; readonly value: number },
  ): number | null {
    const of = dimension === ROUTE ? this.#byRoute.get(value) : this.#byModel.get(value);
    const kind = signal === 'slow' ? 'latency' : signal === 'first-token' ? signal : 'availability';
    const shares = [...(of ?? []), ...this.#everywhere].flatMap((objective) => {
      const { setting } = objective;
      const window = Math.max(1, Math.round(ticksOf(setting.over) / MINUTE));
      const { total } = objective.last(Math.min(window, objective.minutes));
      const budget = setting.allowed * total * (window / Math.min(window, objective.minutes));
      return setting.kind === kind && budget > 0 ? [bad / budget] : [];
    });
    return shares.length === 0 ? null : Math.min(1, Math.max(...shares));
  }

  /** The share of errors that a route or model may have; 0: nobody said. */
  allowedErrors(dimension: number, value: number): number {
    const of =
      dimension === ROUTE ? this.#byRoute.get(value) : dimension === MODEL ? this.#byModel.get(value) : [];
    return Math.max(
      0,
      ...(of ?? []).map(({ setting }) => (setting.kind === 'availability' ? setting.allowed : 0)),
    );
  }

  request(
    key: Uint16Array,
    isModel: boolean,
    end: Mark | null,
    latency: number,
    firstToken: number,
    usd: number,
    hasPassed: boolean,
  ): void {
    if (this.all.length === 0) return;
    for (const objectives of this.#of(key)) {
      for (const objective of objectives) {
        const { kind, overMs } = objective.setting;
        if (kind === 'availability') {
          const isBad =
            end !== null && (end.signal === 'errors' || end.signal === 'silent' || end.signal === 'contract');
          objective.count(isBad ? 1 : 0, 1);
        } else if (kind === 'latency' && hasPassed) objective.count(latency > overMs ? 1 : 0, 1);
        else if (kind === 'first-token' && firstToken >= 0) objective.count(firstToken > overMs ? 1 : 0, 1);
        else if (kind === 'spend' && isModel) objective.count(Math.max(0, usd), 1);
      }
    }
  }

  context(key: Uint16Array, isBad: boolean): void {
    for (const objectives of this.#of(key))
      for (const objective of objectives)
        if (objective.setting.kind === 'continuity') objective.count(isBad ? 1 : 0, 1);
  }
}

const NONE: readonly Objective[] = [];
