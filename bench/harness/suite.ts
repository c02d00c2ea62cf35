import type { Started } from './processes.ts';

/** One kind of request, the same for every subject. */
export interface Case {
  name: string;
  method: string;
  path: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  body: string;
  /** What a right answer holds, byte for byte. */
  answer: string;
}

/** What a subject is given to start with. */
export interface Ground {
  /** Of this start alone; taken away afterwards. */
  folder: string;
  upstreamPort: number;
}

/** One process under measurement. */
export interface Subject {
  name: string;
  /** What is switched on, for the reader of the table. */
  what: string;
  /** Why it can't be measured here; null if it can. */
  missing(): string | null;
  start(ground: Ground): Promise<Started>;
  /** Proves that it does what its name says. Throws if not. */
  prove?(origin: string): Promise<void>;
}

/** Two subjects that are compared round by round. */
export interface Pair {
  subject: string;
  against: string;
}

export interface Suite {
  name: string;
  /** One sentence for the list of suites. */
  what: string;
  connections: number;
  cases: readonly Case[];
  subjects: readonly Subject[];
  pairs: readonly Pair[];
  upstream: { name: string; start(ground: { folder: string }): Promise<Started> };
}

/** How long and how often. */
export interface Effort {
  rounds: number;
  /** Measured a round, for each subject and case: in turns of a second. */
  seconds: number;
  /** For each fresh process and case, before anything is measured; 0 for none. */
  warmUpSeconds: number;
}
