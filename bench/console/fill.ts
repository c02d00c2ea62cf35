import { request } from 'node:http';
import type { Detection } from '../../src/contracts/finding.ts';
import { ReportBook } from '../../src/hypercare/feedback/report-book.ts';
import { FindingBook } from '../../src/hypercare/findings/book.ts';
import { isOver } from '../../src/hypercare/findings/finding.ts';
import { Intake } from '../../src/hypercare/findings/intake.ts';
import { openStore } from '../../src/stores/index.ts';

const DAY_MS = 86_400_000;
const ROUTES = 50;
/** Of findings, one in so many is not over. */
const ONE_ACTIVE_IN = 50;
const SIGNALS = ['upstream_5xx', 'upstream_timeout', 'upstream_connection', 'schema_response'] as const;

function detectionOf(number: number, at: number): Detection {
  const route = `route-${number % ROUTES}`;
  const reason = SIGNALS[number % SIGNALS.length] as string;
  const ids = (kind: string, count: number): string[] =>
    Array.from({ length: count }, (_, each) => `${kind}-${number}-${each}-4e91-436c-ace6-21448e91d97f`);
  return {
    fingerprint: `errors|errors|route=${route}|${reason}|${number}`,
    detector: 'errors',
    reason,
    category: number % 9 === 0 ? 'performance' : 'bug',
    severity: (['critical', 'high', 'medium', 'low'] as const)[number % 4] as Detection['severity'],
    labels: [],
    what: {
      signal: 'errors',
      unit: 'rate',
      observed: 0.1,
      expected: 0.004,
      ratio: 25,
      interval: [0.09, 0.115],
    },
    where: {
      scopes: [{ route }],
      share: 0.96,
      normal: [{ dimension: 'target', values: ['http://10.0.0.1:3000', 'http://10.0.0.2:3000'] }],
    },
    when: { since: at - 60_000, until: null, pattern: 'constant' },
    impact: {
      requests: 10 + (number % 5000),
      share: 0.1,
      consumers: 41,
      users: 212,
      sessions: null,
      usd: null,
      budgetBurnt: 0.02,
    },
    correlates: [],
    cause: {
      kind: 'unknown',
      sentence: 'Nothing was changed near its beginning.',
      confidence: 0.4,
      change: null,
    },
    evidence: { bad: ids('bad', 5), good: ids('good', 2), events: [] },
    why: {
      detector: 'errors',
      statistic: 18.2,
      threshold: 12,
      baseline: 'objective',
      sentence: 'CUSUM 18.2 over 12',
    },
    revisions: [],
    isPartial: false,
  };
}

/** Findings and reports in the store, over the last thirty days, taken in by what takes in the engine's and people's. */
export async function fillCare(url: string, findings: number, reports: number): Promise<void> {
  const store = await openStore(url);
  const book = new FindingBook(store.documents);
  const begin = Date.now() - 30 * DAY_MS;
  let now = begin;
  const intake = new Intake({
    book,
    now: () => now,
    leadsSince: () => 0,
    weights: () => ({ severity: 3, impact: 3, confidence: 2, effort: 1 }),
    tierOf: () => 'normal',
    actionsFor: async () => [],
    similarTo: async () => [],
    verifyEnd: async () => undefined,
  });
  await inFlight(findings, 32, async (number) => {
    now = begin + Math.floor((number / findings) * (30 * DAY_MS - 120_000));
    const at = now;
    const finding = await intake.take({ kind: 'opened', at, detection: detectionOf(number, at) });
    if (!finding || number % ONE_ACTIVE_IN === 0) return;
    await book.change(finding.id, (each) =>
      isOver(each)
        ? undefined
        : {
            ...each,
            state: 'resolved',
            resolvedAt: at + 600_000,
            history: [
              ...each.history,
              {
                at: at + 60_000,
                by: 'ada',
                what: 'acknowledged',
                from: 'open',
                to: 'acknowledged',
                note: '',
              },
              {
                at: at + 600_000,
                by: 'gateway',
                what: 'proven',
                from: 'acknowledged',
                to: 'resolved',
                note: '',
              },
            ],
          },
    );
  });
  const said = new ReportBook(store.documents, { keepMs: () => 60 * DAY_MS, now: Date.now });
  await inFlight(reports, 32, async (number) => {
    const at = begin + Math.floor((number / reports) * 30 * DAY_MS);
    const report = {
      id: `R${at.toString(36).padStart(9, '0')}-${String(number).padStart(12, '0')}`,
      at,
      source: 'widget',
      score: (number % 5) + 1,
      scoreKind: 'csat',
      comment: `The page of product ${number} took long, and then it was empty.`,
      category: 'performance',
      labels: [],
      page: '/products',
      appVersion: '2.1',
      screenshot: '',
      survey: '',
      consumer: 'app',
      author: `author-${number}`,
      requestId: '',
      external: null,
      count: 1,
      lastAt: at,
      question: '',
      about: '',
      request: null,
      findings: [],
      fixed: [],
    } as const;
    await said.add(report, '');
  });
  await store.close();
}

/** Calls of a model, each a conversation of its own. */
export const converse = (gateway: string, key: string, sessions: number): Promise<void> =>
  inFlight(sessions, 8, (number) =>
    post(
      `${gateway}/v1/chat/completions`,
      {
        authorization: `Bearer ${key}`,
        'x-session-id': `session-${number}`,
        'x-user-id': `user-${number % 500}`,
      },
      {
        model: 'support',
        messages: [{ role: 'user', content: `Where is my parcel ${number}?` }],
      },
    ),
  );

/** Requests of all routes, one in a hundred to a target that fails. */
export const visit = (gateway: string, requests: number): Promise<void> =>
  inFlight(requests, 64, (number) =>
    get(`${gateway}/r${number % ROUTES}/${number % 100 === 0 ? 'bad' : 'good'}`),
  );

export const routes = (upstream: string): object[] =>
  Array.from({ length: ROUTES }, (_, number) => ({
    name: `route-${number}`,
    match: { path: `/r${number}/*` },
    upstream,
  }));

async function inFlight(
  count: number,
  atOnce: number,
  work: (number: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

const get = (url: string): Promise<void> => post(url, {}, undefined);

function post(url: string, headers: Record<string, string>, body: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const out = request(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      },
      (answer) => {
        answer.resume();
        answer.once('error', reject);
        answer.once('end', resolve);
      },
    );
    out.once('error', reject);
    out.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
