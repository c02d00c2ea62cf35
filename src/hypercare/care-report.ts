import type { Engine } from '../contracts/engine.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { HOUR } from './engine/settings.ts';
import { type ExitFacts, judge } from './exit/criteria.ts';
import type { Signature, Signatures } from './exit/signatures.ts';
import { type Cluster, clustersOf } from './feedback/clusters.ts';
import type { Report } from './feedback/report.ts';
import type { ReportBook } from './feedback/report-book.ts';
import type { FindingBook } from './findings/book.ts';
import { handover } from './knowledge/handover.ts';
import type { Knowledge } from './knowledge/knowledge.ts';
import { type Kpis, kpisOf } from './kpis/kpis.ts';
import type { ConfigPort } from './ports.ts';
import { dailyReport } from './reports/daily.ts';
import { type SignOff, signOff } from './reports/sign-off.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface CareReportPorts {
  readonly book: FindingBook;
  readonly reports: ReportBook;
  readonly knowledge: Knowledge;
  readonly signatures: Signatures;
  readonly engine: Engine;
  readonly config: ConfigPort;
  now(): number;
}

/** The care in figures and in words. All fail with StoreUnavailable. */
export class CareReport {
  readonly #ports: CareReportPorts;
  /** A list of reports is read once. */
  #clusters: { of: readonly Report[]; windowMs: number; found: readonly Cluster[] } | undefined;

  constructor(ports: CareReportPorts) {
    this.#ports = ports;
  }

  /** @param from milliseconds since the epoch; if absent, the window's start, and a month ago at the earliest */
  async kpis(from?: number): Promise<Kpis> {
    const { book, reports, engine, config, now } = this.#ports;
    const to = now();
    const begin = from ?? Math.max(this.#start() ?? 0, to - 30 * DAY_MS);
    const [findings, said] = await Promise.all([book.all(), reports.all()]);
    return kpisOf(
      { findings, reports: said, engine, users: config.config.hypercare.window?.users },
      Math.min(begin, to),
      to,
    );
  }

  async exit(): Promise<SignOff & { readonly signed: Signature | null }> {
    const { book, engine, config, signatures, now } = this.#ports;
    const { window, exit } = config.config.hypercare;
    const [findings, objectives, kpis, signed] = await Promise.all([
      book.all(),
      engine.queries.objectives(),
      this.kpis(this.#start() ?? 0),
      signatures.of(window?.name ?? ''),
    ]);
    const { csat, nps } = kpis;
    const facts: ExitFacts = {
      now: now(),
      start: this.#start(),
      findings,
      objectives,
      csat,
      nps,
      engine: engine.status,
    };
    const criteria = exit.map((criterion) => judge(criterion, facts));
    return { ...signOff(criteria, { window, revision: config.revision, signed, now: now() }), signed };
  }

  /** What several people complain about together, the newest first. */
  async clusters(): Promise<readonly Cluster[]> {
    const { reports, config } = this.#ports;
    const all = await reports.all();
    const windowMs = HOUR * config.config.hypercare.tick;
    if (this.#clusters?.of !== all || this.#clusters.windowMs !== windowMs)
      this.#clusters = { of: all, windowMs, found: clustersOf(all, windowMs) };
    return this.#clusters.found;
  }

  /** Ends the window in somebody's name. @throws GatewayError exit_not_passed: a criterion does not pass */
  async sign(by: string, note: string): Promise<Signature> {
    const { config, signatures, now } = this.#ports;
    const { verdict, criteria, report } = await this.exit();
    if (verdict !== 'pass') {
      const open = criteria.filter((each) => each.verdict !== 'pass').map(({ name }) => name);
      const detail =
        open.length === 0
          ? 'No criterion is configured (hypercare.exit).'
          : `Not passed: ${open.join(', ')}.`;
      throw new GatewayError('exit_not_passed', { detail });
    }
    const window = config.config.hypercare.window?.name ?? '';
    const signature: Signature = { at: now(), by, note, window, revision: config.revision, report };
    await signatures.add(signature);
    return signature;
  }

  /** Of the last 24 hours, in Markdown. */
  async daily(): Promise<string> {
    const kpis = await this.kpis(this.#ports.now() - DAY_MS);
    return dailyReport(await this.#ports.book.all(), kpis);
  }

  /** In Markdown. */
  async handover(): Promise<string> {
    const { book, knowledge, config, now } = this.#ports;
    const [findings, learnt] = await Promise.all([book.all(), knowledge.all()]);
    return handover(config.config, { findings, knowledge: learnt, revision: config.revision, now: now() });
  }

  #start(): number | null {
    const start = this.#ports.config.config.hypercare.window?.start;
    return start === undefined ? null : Date.parse(start);
  }
}
