import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Counters, Documents } from '../../contracts/store.ts';
import { StoreUnavailable } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import { AnnouncedFindings, FindingBook } from '../findings/book.ts';
import { isOver } from '../findings/finding.ts';
import { digest, FeedbackIntake, type Sender } from './intake.ts';
import type { Report } from './report.ts';
import { ReportBook } from './report-book.ts';
import { readSaid } from './said.ts';
import { STATUS_PAGE_HEADERS, statusHtml } from './status-html.ts';
import { StatusPage } from './status-page.ts';
import { admitTicket, type TicketKind, ticketIn } from './tickets.ts';

export interface FeedbackPorts {
  readonly documents: Documents;
  readonly counters: Counters;
  now(): number;
  degraded(error: unknown): void;
}

/** Bytes: a comment is a few thousand characters. Tickets come with all their fields. */
const MOST_BYTES = 64 * 1024;
const MOST_TICKET_BYTES = 1024 * 1024;
/** The name under which these routes stand in log and metrics. */
const ROUTE = 'feedback';

/** What they take, as the router has it. */
export const feedbackRoutes = ({ hypercare }: GatewayConfig): [method: string, path: string][] => [
  ['OPTIONS', '/v1/feedback'],
  ['POST', '/v1/feedback'],
  ['GET', '/v1/feedback/widget.js'],
  ['GET', '/v1/feedback/:id'],
  ['GET', '/v1/status'],
  ...hypercare.feedback.tickets.map(({ kind }): [string, string] => ['POST', `/v1/feedback/tickets/${kind}`]),
];

/** Without indentation and lines of comment: they are for whoever reads the source, and pages load it each time. */
const WIDGET = readFileSync(new URL('./widget.js', import.meta.url), 'utf8').replace(/^ *(\/\/.*\n)?/gm, '');

/** What people and other systems may say, and what users may know: on the public listener. */
export function registerFeedback(app: FastifyInstance, config: GatewayConfig, ports: FeedbackPorts): void {
  const { feedback: settings } = config.hypercare;
  const book = new ReportBook(ports.documents, { keepMs: () => settings.keep, now: ports.now });
  const intake = new FeedbackIntake({ ...ports, book, settings });
  const findings = new FindingBook(ports.documents);
  const status = new StatusPage(new AnnouncedFindings(ports.documents), ports.now);
  const consumers = consumersByDigest(config);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_TICKET_BYTES }, (_request, body, done) =>
    done(null, body),
  );
  app.addHook('onRequest', (request, reply, done) => {
    const exchange = exchangeOf(request.raw);
    request.exchange = exchange;
    exchange.route = ROUTE;
    exchange.shape = 'problem';
    allowOrigin(request, reply, settings.origins);
    done();
  });

  app.options('/v1/feedback', (_request, reply) => {
    reply
      .headers({
        'access-control-allow-methods': 'POST, GET',
        'access-control-allow-headers': 'content-type, x-api-key, authorization',
        'access-control-max-age': '600',
      })
      .code(204)
      .send();
  });
  app.post('/v1/feedback', { bodyLimit: MOST_BYTES }, async (request, reply) => {
    const { source = 'api', ...said } = readSaid(request.body);
    const report = await stored(() => intake.take(said, senderOf(request, consumers), source));
    reply.code(202).header('x-request-id', request.exchange.id);
    return { id: report.id, status: 'received', question: report.question };
  });
  app.get('/v1/feedback/widget.js', (request, reply) => {
    const data = JSON.stringify({ surveys: settings.surveys }).replaceAll('<', '\\u003c');
    reply
      .headers({
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=300',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'cross-origin',
        'x-request-id': exchangeOf(request.raw).id,
      })
      .send(WIDGET.replace('__SETTINGS__', () => data));
  });
  app.get<{ Params: { id: string } }>('/v1/feedback/:id', async (request, reply) => {
    const report = await stored(() => book.get(request.params.id.slice(0, 64)));
    if (!report) throw new GatewayError('resource_unknown');
    reply.headers({ 'x-request-id': request.exchange.id, 'cache-control': 'no-store' });
    const became = await stored(() => statusOf(report, findings));
    return { id: report.id, status: became, question: report.question, answer: report.answer?.text ?? '' };
  });
  app.get('/v1/status', async (request, reply) => {
    reply.headers({ 'x-request-id': request.exchange.id, 'cache-control': 'public, max-age=5' });
    reply.header('vary', settings.origins.length > 0 ? 'origin, accept' : 'accept');
    const now = await stored(() => status.read());
    // Browsers say that they would rather have a page; programs say nothing, or JSON.
    if (!request.headers.accept?.includes('text/html')) return now;
    return reply.headers(STATUS_PAGE_HEADERS).send(statusHtml(now));
  });
  for (const { kind, secret } of settings.tickets)
    registerTickets(app, kind, secret, { ...ports, intake, book });
}

function registerTickets(
  app: FastifyInstance,
  kind: TicketKind,
  secret: string,
  { documents, now, intake, book }: FeedbackPorts & { intake: FeedbackIntake; book: ReportBook },
): void {
  app.post(`/v1/feedback/tickets/${kind}`, async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    await stored(() =>
      admitTicket(kind, secret, { headers: request.headers, body }, { documents, now: now() }),
    );
    const ticket = ticketIn(kind, body);
    reply.code(202).header('x-request-id', request.exchange.id);
    if (!ticket || ticket.text === '') return { status: 'ignored' };
    const sender: Sender = { address: `${kind} ${ticket.id}`, key: '', consumer: '' };
    const report = await stored(() => intake.take({ comment: ticket.text }, sender, kind));
    const external = { id: ticket.id, url: ticket.url };
    await stored(() => book.change(report.id, (known) => ({ ...known, external, question: '' })));
    return { id: report.id, status: 'received' };
  });
}

/** Fixed is what was proven so, once nothing that it is about is open, or is open again. */
async function statusOf(
  { findings, fixed }: Report,
  book: Pick<FindingBook, 'get'>,
): Promise<'received' | 'known' | 'fixed'> {
  if (findings.length === 0) return 'received';
  if (fixed.length === 0) return 'known';
  const linked = await Promise.all(findings.map((id) => book.get(id)));
  return linked.some((finding) => finding && !isOver(finding)) ? 'known' : 'fixed';
}

/** A page of another site may send it only from the origins of the config, and read what it is told. */
function allowOrigin(
  { headers: { origin } }: FastifyRequest,
  reply: FastifyReply,
  origins: readonly string[],
): void {
  if (origins.length === 0) return;
  reply.header('vary', 'origin');
  if (origin !== undefined && (origins.includes('*') || origins.includes(origin)))
    reply.header('access-control-allow-origin', origin);
}

function consumersByDigest({ consumers }: GatewayConfig): ReadonlyMap<string, string> {
  return new Map(
    consumers.flatMap(({ name, keys }) => keys.map(({ sha256 }) => [sha256.slice(0, 32), name] as const)),
  );
}

/** A key is no need; a known one says whose it is. */
function senderOf(request: FastifyRequest, consumers: ReadonlyMap<string, string>): Sender {
  const { authorization, 'x-api-key': apiKey } = request.headers;
  const bearer = /^Bearer (\S{1,512})$/i.exec(authorization ?? '')?.[1];
  const key = typeof apiKey === 'string' ? apiKey : bearer;
  const { client } = request.exchange;
  if (key === undefined) return { address: client, key: '', consumer: '' };
  const digested = digest(key);
  return { address: client, key: digested, consumer: consumers.get(digested) ?? '' };
}

async function stored<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new GatewayError('store_unavailable', { cause: error });
    throw error;
  }
}
