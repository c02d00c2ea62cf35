import { createHash } from 'node:crypto';
import type { GatewayConfig } from '../../config/schema/index.ts';
import type { FindingCategory } from '../../contracts/finding.ts';
import type { Counters, Limit, LimitState } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { classify } from '../findings/classify.ts';
import { pageIn, questionFor } from './ask.ts';
import { type Report, SCORES, type ScoreKind } from './report.ts';
import { newReportId, type ReportBook } from './report-book.ts';

type Settings = GatewayConfig['hypercare']['feedback'];

/** Who sends it: digests and addresses, for limits and for telling people apart. */
export interface Sender {
  readonly address: string;
  /** Digest of the API key; '' = none was sent. */
  readonly key: string;
  readonly consumer: string;
}

/** What was sent, checked for its form. */
export interface Said {
  readonly score?: number | undefined;
  readonly kind?: ScoreKind | undefined;
  readonly comment?: string | undefined;
  readonly category?: FindingCategory | undefined;
  readonly requestId?: string | undefined;
  readonly session?: string | undefined;
  readonly page?: string | undefined;
  readonly appVersion?: string | undefined;
  readonly screenshot?: string | undefined;
  readonly survey?: string | undefined;
  readonly about?: string | undefined;
}

export interface IntakePorts {
  readonly book: ReportBook;
  readonly counters: Counters;
  readonly settings: Settings;
  now(): number;
  /** The store does not count: nobody is refused for that. */
  degraded(error: unknown): void;
}

const MINUTE_MS = 60_000;

/** Takes what people say: limits, sorts, folds and stores it. */
export class FeedbackIntake {
  readonly #ports: IntakePorts;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** @throws GatewayError rate_limited or body_invalid; StoreUnavailable */
  async take(said: Said, sender: Sender, source: Report['source']): Promise<Report> {
    const { book, now } = this.#ports;
    await this.#limit(sender, said.session ?? '');
    const report = reportOf(said, sender, source, now());
    return (await book.add(report, said.session ?? '')).report;
  }

  async #limit({ address, key }: Sender, session: string): Promise<void> {
    const { counters, settings } = this.#ports;
    const { perKey, perAddress, perSession } = settings.limits;
    const limits: Limit[] = [limitOf(`address\n${digest(networkOf(address))}`, perAddress)];
    if (key !== '') limits.push(limitOf(`key\n${key}`, perKey));
    if (session !== '') limits.push(limitOf(`session\n${digest(session)}`, perSession));
    let states: readonly LimitState[];
    try {
      states = await counters.take('feedback', limits, 1);
    } catch (error) {
      this.#ports.degraded(error);
      return;
    }
    const wait = Math.max(...states.map(({ waitMs }) => waitMs));
    if (wait > 0)
      throw new GatewayError('rate_limited', {
        headers: { 'retry-after': String(Math.max(1, Math.ceil(wait / 1000))) },
      });
  }
}

const limitOf = (key: string, limit: number): Limit => ({
  key,
  algorithm: 'sliding-window',
  limit,
  windowMs: MINUTE_MS,
  burst: limit,
});

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** The /64 of an IPv6 address: whoever has one has all of them. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) while (groups.length < 4) groups.push('0');
  return groups.slice(0, 4).join(':');
}

function reportOf(
  said: Said,
  { consumer, address, key }: Sender,
  source: Report['source'],
  at: number,
): Report {
  const { score, kind, comment = '', requestId = '', session = '' } = said;
  if (score === undefined && comment.trim() === '')
    throw new GatewayError('body_invalid', { detail: 'Send a score, a comment, or both.' });
  const scoreKind = score === undefined ? null : (kind ?? (score <= 1 ? 'thumbs' : 'csat'));
  if (score !== undefined && scoreKind !== null) {
    const [least, most] = SCORES[scoreKind];
    if (score < least || score > most)
      throw new GatewayError('body_invalid', {
        param: '/score',
        detail: `A ${scoreKind} score is from ${least} to ${most}.`,
      });
  }
  const sorted = classify(comment);
  const page = pageIn(said.page ?? '');
  const category = said.category ?? sorted.category;
  return {
    id: newReportId(at),
    at,
    source,
    score: score ?? null,
    scoreKind,
    comment,
    category,
    labels: sorted.labels,
    page,
    appVersion: said.appVersion ?? '',
    screenshot: said.screenshot ?? '',
    survey: said.survey ?? '',
    consumer,
    author: digest(`${session || address}|${key}`),
    requestId,
    external: null,
    count: 1,
    lastAt: at,
    question: said.about ? '' : questionFor({ comment, category, page, requestId, score: score ?? null }),
    about: said.about ?? '',
    request: null,
    findings: [],
    fixed: [],
  };
}
