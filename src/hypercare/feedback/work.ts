import type { Engine, RecordedRequest } from '../../contracts/engine.ts';
import type { Scope } from '../../contracts/signal.ts';
import type { FindingBook } from '../findings/book.ts';
import { type Finding, isOver } from '../findings/finding.ts';
import { noted } from '../findings/life.ts';
import { complaintAbout } from '../signals/marks.ts';
import { momentIn, pageIn } from './ask.ts';
import { type LinkedRequest, type Report, topicOf } from './report.ts';
import type { InboxEntry, ReportBook } from './report-book.ts';

/** Reports of one round. */
const ROUND = 200;
/** A complaint is about what was within this before it, where it names no request. */
const JOIN_MS = 10 * 60_000;
/** A request counts as slow from here on, to who complains of slowness. */
const SLOW_MS = 1000;
const MOST_LINKED = 500;
/** A finding's beginning is when it showed in the counts; the first whom it hit came before that. */
const BEFORE_MS = 60_000;

export interface WorkPorts {
  readonly reports: ReportBook;
  readonly findings: FindingBook;
  readonly engine: Pick<Engine, 'feedback' | 'queries'>;
}

/** What the leader does with what people said. */
export class FeedbackWork {
  readonly #ports: WorkPorts;

  constructor(ports: WorkPorts) {
    this.#ports = ports;
  }

  /** Links what is new, and takes back that something is fixed which has come back. @throws StoreUnavailable */
  async round(active: readonly Finding[]): Promise<void> {
    const { reports } = this.#ports;
    for (const finding of active) if (isBack(finding)) await this.#takeBack(finding.id);
    for (const entry of await reports.inbox(ROUND)) {
      const report = await reports.get(entry.report);
      if (report) await this.#link(report, entry, active);
      await reports.done(entry.report);
    }
  }

  /** People complain before a finding is sure: what they had said about it by then is linked to it now. @throws StoreUnavailable */
  async opened(finding: Finding): Promise<void> {
    const earlier = (await this.#ports.reports.all()).filter(
      (report) => report.at >= finding.when.since - BEFORE_MS && isAbout(finding, report, report.request),
    );
    for (const report of earlier.slice(0, MOST_LINKED)) {
      await this.#ports.reports.change(report.id, (known) => ({
        ...known,
        findings: [...new Set([...known.findings, finding.id])],
      }));
      await this.#linkTo(finding.id, report);
    }
  }

  async #linkTo(id: string, report: Report): Promise<void> {
    await this.#ports.findings.change(id, (known) => {
      if (known.linked.feedback.includes(report.id)) return undefined;
      const feedback = [...known.linked.feedback, report.id].slice(-MOST_LINKED);
      const labels = [...new Set([...known.labels, ...report.labels])];
      const what = { at: report.at, by: 'gateway', what: 'linked', note: `feedback ${report.id}` };
      return noted({ ...known, labels, linked: { ...known.linked, feedback } }, what);
    });
  }

  /** Who reported it hears that it is fixed, where they ask: in the widget, or at GET /v1/feedback/{id}. */
  async resolved({ id, linked }: Finding): Promise<void> {
    for (const report of linked.feedback)
      await this.#ports.reports.change(report, (known) =>
        known.fixed.includes(id) ? known : { ...known, fixed: [...known.fixed, id] },
      );
  }

  async #takeBack(id: string): Promise<void> {
    const { reports, findings } = this.#ports;
    for (const report of (await reports.all()).filter(({ fixed }) => fixed.includes(id))) {
      // It may have been fixed anew meanwhile.
      const finding = await findings.get(id);
      if (!finding || isOver(finding)) return;
      await reports.change(report.id, (known) => ({
        ...known,
        fixed: known.fixed.filter((each) => each !== id),
      }));
    }
  }

  async #link(report: Report, entry: InboxEntry, active: readonly Finding[]): Promise<void> {
    const { reports, engine } = this.#ports;
    const asked = report.about === '' ? undefined : await reports.get(report.about);
    const request = this.#requestOf(report, entry, asked);
    const found = active.filter((finding) => !isOver(finding) && isAbout(finding, report, request));
    await reports.change(report.id, (known) => ({
      ...known,
      request,
      findings: [...new Set([...known.findings, ...found.map(({ id }) => id)])],
    }));
    // The answer to a question completes the report that was vague.
    if (asked && request)
      await reports.change(asked.id, (known) => ({
        ...known,
        request: known.request ?? request,
        question: '',
      }));
    for (const { id } of found) await this.#linkTo(id, report);
    engine.feedback({
      at: report.at,
      kind: report.scoreKind ?? 'complaint',
      score: report.score ?? -1,
      topic: topicOf(report),
      requestId: request?.id ?? '',
      author: report.author,
      scope: request?.scope ?? scopeOf(report),
    });
  }

  /** The request that it names; else of the session, or of the consumer, what went worst shortly before. */
  #requestOf(report: Report, { session }: InboxEntry, asked: Report | undefined): LinkedRequest | null {
    const { queries } = this.#ports.engine;
    const named = report.requestId || asked?.requestId;
    if (named) {
      const [request] = queries.requests({ id: named, limit: 1 });
      if (request) return linked(request, 'request-id');
    }
    const moment = momentIn(report.comment, report.at);
    const to = moment === undefined ? report.at : moment + JOIN_MS / 2;
    const window = { from: to - JOIN_MS, to, limit: 1000 };
    const page = report.page || pageIn(report.comment) || asked?.page || '';
    const bySession = session === '' ? [] : queries.requests({ ...window, session });
    const worst = worstOf(bySession, page, report, true);
    if (worst) return linked(worst, 'session');
    const consumer = report.consumer || asked?.consumer;
    // Of everybody's requests only one that fits the page, or it would be a guess.
    if (!consumer || page === '') return null;
    const other = worstOf(queries.requests({ ...window, consumer }), page, report, false);
    return other ? linked(other, 'consumer') : null;
  }
}

const isBack = (finding: Finding): boolean =>
  finding.timesRegressed > 0 && finding.linked.feedback.length > 0 && !isOver(finding);

/** @param isOwn all of them are of whoever said it: a page that none of them names is one of a site, which asks for them */
function worstOf(
  requests: readonly RecordedRequest[],
  page: string,
  { category }: Report,
  isOwn: boolean,
): RecordedRequest | undefined {
  const near =
    page === '' ? requests : requests.filter(({ path }) => path === page || path.startsWith(`${page}/`));
  const among = near.length > 0 || !isOwn ? near : requests;
  if (category === 'performance') {
    const slowest = [...among].sort((a, b) => b.durationMs - a.durationMs)[0];
    if (slowest && slowest.durationMs >= SLOW_MS) return slowest;
  }
  return among.find(({ status }) => status >= 500) ?? among[0];
}

const linked = (request: RecordedRequest, how: LinkedRequest['how']): LinkedRequest => ({
  id: request.id,
  how,
  at: request.at,
  status: request.status,
  reason: request.reason,
  durationMs: request.durationMs,
  scope: request.scope,
  attempts: request.attempts,
});

const scopeOf = ({ consumer }: Report): Scope => (consumer === '' ? {} : { consumer });

/**
 * Whether a finding is what it is about: it is one of the complaints that the finding is made of, the request is one of its
 * evidence, or lies within its place and time.
 */
function isAbout(
  { detector, reason, evidence, where, when }: Finding,
  report: Report,
  request: LinkedRequest | null,
): boolean {
  const { requestId, at } = report;
  const topic = topicOf(report);
  if (detector === 'voice' && topic !== '' && reason === complaintAbout(topic))
    return at >= when.since - BEFORE_MS && (when.until === null || at <= when.until);
  if (requestId !== '' && evidence.bad.includes(requestId)) return true;
  if (request === null || where.scopes.length === 0) return false;
  if (request.at < when.since - BEFORE_MS || (when.until !== null && request.at > when.until)) return false;
  return where.scopes.some((scope) =>
    Object.entries(scope).every(([dimension, value]) => request.scope[dimension as keyof Scope] === value),
  );
}
