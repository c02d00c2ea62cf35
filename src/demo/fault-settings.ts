/** The JSON of `PUT /__sandbox/faults`: its shape, its check, and its one normal form. */

/** A fault is its bare value, or an object that also says how often and where it strikes. */
type FaultSetting<Value> = Value | ({ value: Value } & Aim);

/** `share` of the requests, 0 to 1 (1 unless told); `pathPrefix` limits to paths that start so. */
export interface Aim {
  share?: number;
  pathPrefix?: string;
}

/** Every fault that can be on. `share` and `pathPrefix` at the top hold for each fault without its own. */
export interface FaultSettings extends Aim {
  /** Any whole number; the same seed strikes the same requests in the order they come. */
  seed?: number;
  /** Wait before anything is answered, milliseconds. */
  latencyMs?: FaultSetting<number>;
  /** Answer this status (400 to 599); `retryAfter` in seconds. */
  status?: number | ({ value: number; retryAfter?: number } & Aim);
  /** Connections in the service's pool: a request that finds them all taken is answered 503. */
  pool?: FaultSetting<number>;
  /** Prices of another list than the first: the shop has changed them. */
  priceList?: FaultSetting<number>;
  /** A model's time to read its prompt, in milliseconds a thousand tokens. */
  msPerThousandTokens?: FaultSetting<number>;
  /** Break the connection (TCP reset) before any header. */
  reset?: FaultSetting<boolean>;
  /** Half the body, then the connection breaks; a stream breaks inside the event after this many. */
  truncate?: FaultSetting<boolean | number>;
  /** Headers, then silence. */
  stall?: FaultSetting<boolean>;
  /** A stream falls silent after this many events, and stays open. */
  stallAfter?: FaultSetting<boolean | number>;
  /** A stream's events come in pieces of a few bytes. */
  splitEvents?: FaultSetting<boolean>;
  /** A stream ends as if all were well, inside the event after this many. */
  halfEvent?: FaultSetting<boolean | number>;
  /** One of a stream's events is larger than anybody should hold. */
  hugeEvent?: FaultSetting<boolean>;
  /** Headers that promise another kind of body than comes. */
  wrongContentType?: FaultSetting<boolean>;
  /** Wait before a model's first token, milliseconds. */
  slowFirstTokenMs?: FaultSetting<number>;
  /** Wait before each further token, milliseconds. */
  betweenTokensMs?: FaultSetting<number>;
  /** A model's answer without usage. */
  missingUsage?: FaultSetting<boolean>;
  /** A model's answer without a finish reason, and a stream without its end marker. */
  missingFinish?: FaultSetting<boolean>;
  /** A body that is neither JSON nor SSE under headers that promise it. */
  garbage?: FaultSetting<boolean>;
  /** Status 500 with a page of HTML. */
  htmlError?: FaultSetting<boolean>;
}

/** What a fault's value must be: a switch (`flag`), milliseconds, a status, a count, or a count of events. */
const KINDS = {
  latencyMs: 'ms',
  pool: 'count',
  priceList: 'count',
  msPerThousandTokens: 'ms',
  reset: 'flag',
  status: 'status',
  htmlError: 'flag',
  garbage: 'flag',
  stall: 'flag',
  truncate: 'events',
  stallAfter: 'events',
  splitEvents: 'flag',
  halfEvent: 'events',
  hugeEvent: 'flag',
  wrongContentType: 'flag',
  slowFirstTokenMs: 'ms',
  betweenTokensMs: 'ms',
  missingUsage: 'flag',
  missingFinish: 'flag',
} as const;

export type FaultName = keyof typeof KINDS;

/** One fault that is on, with nothing left to default. `value` is 1 for a switch. */
export interface SwitchedFault {
  name: FaultName;
  value: number;
  share: number;
  pathPrefix?: string;
  retryAfter?: number;
}

/** Settings that can't be taken; `key` is the path of the first bad key, as in `status.retryAfter`. */
export class FaultSettingsError extends Error {
  readonly key: string;
  constructor(key: string, problem: string) {
    super(`${key} ${problem}`);
    this.name = 'FaultSettingsError';
    this.key = key;
  }
}

const EVENTS_BEFORE_CUT = 2;
const DAY_MS = 86_400_000;

/** Checks settings of any origin. Throws `FaultSettingsError` at the first key that is wrong. */
export function parseFaults(settings: unknown): { seed: number; faults: SwitchedFault[] } {
  const { seed, share, pathPrefix, ...rest } = record(settings, 'faults');
  const common = aim({ share, pathPrefix }, '');
  const faults: SwitchedFault[] = [];
  for (const [name, setting] of Object.entries(rest)) {
    if (!isFaultName(name)) {
      throw new FaultSettingsError(name, `is no fault; known are ${Object.keys(KINDS).join(', ')}`);
    }
    const fault = parseFault(name, setting, common);
    if (fault) faults.push(fault);
  }
  return { seed: seed === undefined ? 1 : whole(seed, 'seed', -(2 ** 31), 2 ** 31), faults };
}

function parseFault(name: FaultName, setting: unknown, common: Aim): SwitchedFault | undefined {
  if (typeof setting !== 'object') return switchedOn(name, setting, name, { share: 1, ...common });
  const { value, share, pathPrefix, retryAfter, ...unknown } = record(setting, name);
  const [stray] = Object.keys(unknown);
  if (stray !== undefined) throw new FaultSettingsError(`${name}.${stray}`, 'is not known');
  if (retryAfter !== undefined && name !== 'status') {
    throw new FaultSettingsError(`${name}.retryAfter`, 'belongs to status only');
  }
  const own = aim({ share, pathPrefix }, `${name}.`);
  const fault = switchedOn(name, value, `${name}.value`, { share: 1, ...common, ...own });
  if (fault && retryAfter !== undefined) {
    fault.retryAfter = whole(retryAfter, `${name}.retryAfter`, 0, 86_400);
  }
  return fault;
}

function switchedOn(
  name: FaultName,
  value: unknown,
  key: string,
  where: Aim & { share: number },
): SwitchedFault | undefined {
  const kind = KINDS[name];
  if (value === false && (kind === 'flag' || kind === 'events')) return undefined;
  if (kind === 'flag') {
    if (value !== true) throw new FaultSettingsError(key, 'must be true or false');
    return { name, value: 1, ...where };
  }
  if (kind === 'status') return { name, value: whole(value, key, 400, 599), ...where };
  if (kind === 'count') return { name, value: whole(value, key, 1, 1_000_000), ...where };
  if (kind === 'ms') return { name, value: whole(value, key, 0, DAY_MS), ...where };
  return { name, value: value === true ? EVENTS_BEFORE_CUT : whole(value, key, 0, 1_000_000), ...where };
}

function aim({ share, pathPrefix }: { share?: unknown; pathPrefix?: unknown }, at: string): Aim {
  const parsed: Aim = {};
  if (share !== undefined) {
    if (typeof share !== 'number' || !(share >= 0 && share <= 1)) {
      throw new FaultSettingsError(`${at}share`, 'must be a number from 0 to 1');
    }
    parsed.share = share;
  }
  if (pathPrefix !== undefined) {
    if (typeof pathPrefix !== 'string' || !pathPrefix.startsWith('/')) {
      throw new FaultSettingsError(`${at}pathPrefix`, 'must be a path that starts with /');
    }
    parsed.pathPrefix = pathPrefix;
  }
  return parsed;
}

function whole(value: unknown, key: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new FaultSettingsError(key, `must be a whole number from ${least} to ${most}`);
}

function record(value: unknown, key: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new FaultSettingsError(key, 'must be a JSON object');
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(KINDS, name);
}
