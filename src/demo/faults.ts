/**
 * The faults of a sandbox process: which are on, and which of them one request draws.
 * How each is acted out is in `reply.ts` and `http-service.ts`.
 */
import { type FaultSettings, parseFaults, type SwitchedFault } from './fault-settings.ts';
import { seededRandom } from './seeded.ts';

/** What one request drew. A key that is absent (or false) did not strike. Times in milliseconds. */
export interface DrawnFaults {
  latencyMs?: number;
  pool?: number;
  priceList?: number;
  msPerThousandTokens?: number;
  status?: { code: number; retryAfterSeconds?: number };
  reset?: boolean;
  /** Events sent whole before a stream is cut; a body that is no stream is cut at its half. */
  truncateAfter?: number;
  stall?: boolean;
  /** Events sent whole before a stream falls silent, or ends inside the next. */
  stallAfter?: number;
  halfEventAfter?: number;
  splitEvents?: boolean;
  hugeEvent?: boolean;
  wrongContentType?: boolean;
  slowFirstTokenMs?: number;
  betweenTokensMs?: number;
  missingUsage?: boolean;
  missingFinish?: boolean;
  garbage?: boolean;
  htmlError?: boolean;
}

/** The switchboard of one process. */
export interface Faults {
  /** Replaces every fault with `settings` and restarts the random. Throws `FaultSettingsError`. */
  set(settings: FaultSettings): void;
  /** The settings as they were given; `{}` when nothing is on. */
  get(): FaultSettings;
  clear(): void;
  /** The faults that strike the next request of `path` (without its query). */
  draw(path: string): DrawnFaults;
}

/** Health checks stay green unless a prefix names them (`/` does), so that faults show passively. */
const HEALTH_PATH = '/healthz';

/** A switchboard with everything off. */
export function createFaults(): Faults {
  let settings: FaultSettings = {};
  let switched: Array<{ fault: SwitchedFault; random: () => number }> = [];

  return {
    set(next) {
      const parsed = parseFaults(next);
      settings = next;
      // A generator for each fault: switching one on never shifts when another strikes.
      switched = parsed.faults.map((fault) => ({
        fault,
        random: seededRandom(`${parsed.seed}:${fault.name}`),
      }));
    },
    get: () => settings,
    clear() {
      settings = {};
      switched = [];
    },
    draw(path) {
      const drawn: DrawnFaults = {};
      for (const { fault, random } of switched) {
        if (covers(fault, path) && random() < fault.share) strike(drawn, fault);
      }
      return drawn;
    },
  };
}

function covers(fault: SwitchedFault, path: string): boolean {
  if (fault.pathPrefix === undefined) return path !== HEALTH_PATH;
  return path.startsWith(fault.pathPrefix);
}

function strike(drawn: DrawnFaults, { name, value, retryAfter }: SwitchedFault): void {
  if (name === 'status') {
    drawn.status = { code: value, ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }) };
  } else if (name === 'truncate') {
    drawn.truncateAfter = value;
  } else if (name === 'halfEvent') {
    drawn.halfEventAfter = value;
  } else if (name === 'stallAfter') {
    drawn.stallAfter = value;
  } else if (isNumber(name)) {
    drawn[name] = value;
  } else {
    drawn[name] = true;
  }
}

const NUMBERS = [
  'latencyMs',
  'slowFirstTokenMs',
  'betweenTokensMs',
  'pool',
  'priceList',
  'msPerThousandTokens',
] as const;
const isNumber = (name: string): name is (typeof NUMBERS)[number] =>
  (NUMBERS as readonly string[]).includes(name);
