import type { Started } from './processes.ts';

/** One kind of request, the same for every subject. */
export interface Case {
  name: string;
  method: string;
  path: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  body: string;
  /** What a right answer is, byte for byte. */
  answer: string;
  /** What of it also those keep that write answers anew; absent: all of it. */
  essence?: string;
}

/** What a subject is given to start with. */
export interface Ground {
  /** Of this start alone; taken away afterwards. */
  folder: string;
  upstreamPort: number;
  /** Where the subject writes a CPU profile when it ends, if it can. */
  profileTo?: string | undefined;
}

/** One process under measurement. */
export interface Subject {
  name: string;
  /** What is switched on, for the reader of the table. */
  what: string;
  /** Why it can't be measured here; null if it can. */
  missing(): string | null;
  start(ground: Ground): Promise<Started>;
  /** How long it may take to serve, in milliseconds; a minute if absent. */
  servesWithinMs?: number;
  /** Requests after which it costs no less; `WARM_REQUESTS` if absent, which is what V8 needs. */
  warmRequests?: number;
  /** Where its clients ask instead of at the case's own path: it is one of several in one process. */
  path?: string;
  /** What its clients have to add to each request. */
  headers?(ground: Ground): Readonly<Record<string, string>>;
  /** Whether it writes answers anew instead of passing their bytes. */
  rewrites?: boolean;
  /** Proves that it does what its name says. Throws if not. */
  prove?(origin: string): Promise<void>;
}

/** Two subjects that are compared round by round. */
export interface Pair {
  subject: string;
  against: string;
}

/** What answers behind the subjects. */
export interface Upstream {
  name: string;
  start(ground: { folder: string }): Promise<Started>;
}

/** How long and how often. */
export interface Effort {
  rounds: number;
  /** Measured a round, for each subject and case, in one go. */
  seconds: number;
  /** A turn of it for each fresh process and case, and more until the process is warm, before anything is measured; 0 for none. */
  warmUpSeconds: number;
  /** Only to find errors: a few requests in place of a second's, and no figure is worth anything. */
  isSmoke: boolean;
}

/** What a suite is asked for. */
export interface Call {
  effort: Effort;
  /** Tells how far it is. */
  say(line: string): void;
  /** Whether a subject is wanted, by its name. */
  wants(subject: string): boolean;
  /** Folder for CPU profiles of the gateway. */
  profileTo?: string | undefined;
}

/** A subject that a table could have and has not. */
export interface LeftOut {
  subject: string;
  /** Heading of the table. */
  of: string;
  why: string;
}

/** What a suite has found out. */
export interface Findings {
  /** How often and how long it was measured, in words; the number of rounds if absent. */
  effort?: string;
  /** What a reader has to know beside the figures, a sentence each. */
  facts: string[];
  subjects: readonly { name: string; what: string }[];
  missing: readonly { subject: string; why: string }[];
  /** Who is here and stands in some table not; nobody if absent. */
  leftOut?: readonly LeftOut[];
  /** Markdown, each with a heading of its own. */
  sections: string[];
  /** How to read the figures. */
  reading: string;
  /** Where the load was the bottleneck: these figures are not the subjects' own, and the run has failed. */
  bottlenecks: string[];
  /** For the JSON: every figure of every round. */
  data: object;
}

/** One question, answered by measuring. */
export interface Suite {
  name: string;
  /** One sentence for the list of suites. */
  what: string;
  run(call: Call): Promise<Findings>;
}
