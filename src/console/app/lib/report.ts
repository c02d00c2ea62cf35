/** Feedback as the admin API shows it: what of it the console reads. Times are milliseconds since the epoch. */

export interface Report {
  readonly id: string;
  readonly at: number;
  readonly source: string;
  readonly score: number | null;
  readonly scoreKind: string | null;
  readonly comment: string;
  readonly category: string;
  readonly labels: readonly string[];
  readonly page: string;
  readonly consumer: string;
  readonly requestId: string;
  readonly request: { readonly id: string } | null;
  readonly external: { readonly id: string; readonly url: string } | null;
  readonly count: number;
  readonly question: string;
  readonly findings: readonly string[];
  readonly fixed: readonly string[];
  readonly answer: { readonly at: number; readonly by: string; readonly text: string } | null;
}

/** Complaints of several people about the same thing. */
export interface Cluster {
  readonly id: string;
  readonly topic: string;
  readonly since: number;
  readonly lastAt: number;
  readonly people: number;
  readonly said: number;
  readonly consumers: readonly string[];
  readonly pages: readonly string[];
  readonly comment: string;
  readonly findings: readonly {
    readonly id: string;
    readonly title: string;
    readonly state: string;
    readonly priority: 'P0' | 'P1' | 'P2' | 'P3' | 'P4';
  }[];
}
