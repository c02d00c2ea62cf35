/** What was found, for people and for programs. */
export interface Findings {
  markdown: string;
  data: unknown;
}

/** A question that is answered by computing on data, not by load: no processes, no clock to be fair to. */
export interface Study {
  name: string;
  /** One sentence for the list. */
  what: string;
  /** What `--data` must name. */
  data: string;
  run(path: string): Findings | Promise<Findings>;
}
