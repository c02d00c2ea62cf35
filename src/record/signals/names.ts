import { OTHER } from '../../lib/capped-labels.ts';
import { cutText } from '../../lib/cut-text.ts';
import { DIMENSIONS, type NewName, SPACES } from './layout.ts';

/** Number of "no value" and of "one more than can be told apart". */
export const NONE = 0;
export const OTHERS = 1;

/** Longest name that is kept: what clients send is cut. */
const LONGEST = 120;
const CAPS: Readonly<Record<string, number>> = {
  route: 2000,
  upstream: 2000,
  target: 4000,
  provider: 200,
  model: 1000,
  version: 500,
  prompt: 1000,
  promptVersion: 500,
  consumer: 4000,
  region: 64,
  app: 200,
  release: 500,
};
const CAP_OF_OTHERS = 2000;

/**
 * Numbers for the values of dimensions, so that a record holds no text. Each space is capped: what is new beyond it is
 * `__other`, unless the config names it. Revisions are numbers already.
 */
export class Names {
  #named: ReadonlySet<string> = new Set();
  readonly #spaces: Map<string, number>[] = Array.from({ length: SPACES }, () => new Map());
  readonly #caps: readonly number[];
  #fresh: NewName[] = [];
  /** The last name of each space and its number: of most spaces one name is nearly all there is. */
  readonly #last: string[] = new Array<string>(SPACES).fill('');
  readonly #lastNumber: number[] = new Array<number>(SPACES).fill(NONE);

  constructor() {
    this.#caps = Array.from({ length: SPACES }, (_, space) => CAPS[DIMENSIONS[space] ?? ''] ?? CAP_OF_OTHERS);
  }

  /** @param named what the config names from now on: whatever clients have sent before, it has numbers */
  use(named: ReadonlySet<string>): void {
    this.#named = named;
    // One that was one too many may be named now.
    this.#last.fill('');
    this.#lastNumber.fill(NONE);
  }

  /** The number of a name; 0 for '', 1 for one too many. */
  of(space: number, name: string): number {
    if (name === '') return NONE;
    if (name.length > LONGEST) return this.of(space, cutText(name, LONGEST));
    if (name === this.#last[space]) return this.#lastNumber[space] as number;
    const number = (this.#spaces[space] as Map<string, number>).get(name) ?? this.#add(space, name);
    this.#last[space] = name;
    this.#lastNumber[space] = number;
    return number;
  }

  #add(space: number, name: string): number {
    const known = this.#spaces[space] as Map<string, number>;
    const isFull = known.size >= (this.#caps[space] as number);
    if (name === OTHER || (isFull && !this.#named.has(name))) return OTHERS;
    const number = known.size + 2;
    known.set(name, number);
    this.#fresh.push([space, number, name]);
    return number;
  }

  /** What was numbered since the last time. */
  takeFresh(): readonly NewName[] {
    if (this.#fresh.length === 0) return this.#fresh;
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  /** All of them: for an engine that begins anew. */
  all(): NewName[] {
    return this.#spaces.flatMap((space, at) =>
      [...space].map(([name, number]): NewName => [at, number, name]),
    );
  }
}
