import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { HeaderBag } from '../../contracts/policy.ts';
import { endWith } from '../../lib/end-with.ts';
import { isBodiless } from '../../upstream/attempt.ts';
import { responseHeaders } from '../../upstream/message-headers.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';
import { passBytes } from '../pass-bytes.ts';
import { passStream } from '../pass-stream.ts';

/** What a provider says to whoever connects to its own origin; here it would be the gateway that says it. */
const OF_THE_ORIGIN = ['alt-svc', 'nel', 'report-to', 'set-cookie', 'strict-transport-security'];
/** About the gateway's account with the provider: no business of its consumers, and no limit of theirs. */
const OF_THE_ACCOUNT = ['openai-organization', 'openai-project', 'anthropic-organization-id'];
const LIMITS_OF_THE_ACCOUNT = ['x-ratelimit-', 'anthropic-ratelimit-'];
/** Set on the reply by policies and budgets. */
const LIMIT_HEADERS = ['ratelimit', 'ratelimit-policy', 'x-gateway-budget'];

/** Passes the answer on: as the bytes that came, or as what they were translated to. */
export function passAnswer(call: ChatCall): void | Promise<void> {
  const answer = call.answer as CommittedAnswer;
  const { exchange } = call;
  const reply = call.reply as FastifyReply;
  const headers = headersOf(call, answer);
  if (answer.facts && answer.kind !== 'whole') noteFirstToken(call);
  if (answer.kind === 'whole') {
    if (answer.facts?.finishReason === '') exchange.fail('provider_finish_missing');
    passWhole(reply, answer, headers);
    return;
  }
  for (const name of LIMIT_HEADERS) headers[name] ??= reply.getHeader(name);
  // What is passed on unread is as long as its provider said.
  if (answer.kind === 'stream') delete headers['content-length'];
  reply.raw.writeHead(answer.statusCode, definedOnly(headers));
  reply.hijack();
  return answer.kind === 'stream' ? passStream(call, answer, reply.raw) : passBytes(call, answer, reply.raw);
}

/** At once, past what Fastify does with answers of its own. */
function passWhole(
  reply: FastifyReply,
  { statusCode, body }: CommittedAnswer & { kind: 'whole' },
  headers: HeaderBag,
): void {
  const own = reply.getHeaders();
  for (const name in own) headers[name] ??= own[name];
  // RFC 9110 section 8.6: it would speak of a body that there is not.
  const hasBody = !isBodiless(statusCode);
  headers['content-type'] = hasBody ? (headers['content-type'] ?? 'application/octet-stream') : undefined;
  headers['content-length'] = hasBody ? body.length : undefined;
  reply.hijack();
  reply.raw.writeHead(statusCode, definedOnly(headers));
  endWith(reply.raw, body);
}

/** About the provider and the gateway alone. */
const isOfTheProvider = (name: string): boolean =>
  OF_THE_ORIGIN.includes(name) ||
  OF_THE_ACCOUNT.includes(name) ||
  LIMITS_OF_THE_ACCOUNT.some((prefix) => name.startsWith(prefix));

function headersOf(call: ChatCall, answer: CommittedAnswer): HeaderBag {
  const { exchange, policies } = call;
  const headers = responseHeaders(answer.headers, exchange, isOfTheProvider);
  if (exchange.shape === 'anthropic') headers['request-id'] = exchange.id;
  headers['x-gateway-target'] = answer.deployment.headerName;
  headers['x-gateway-attempts'] = String(exchange.attempts);
  const { prompt } = call;
  if (prompt) headers['x-gateway-prompt'] = `${prompt.name}@${prompt.version}`;
  noteCache(headers, call, answer);
  noteContext(headers, call, answer);
  policies.responseHeaders(headers, exchange);
  return headers;
}

/**
 * Of a stream, the version is the one that its turn will have if no other comes between; the one that it has stands in a
 * trailer, behind the commit.
 */
function noteContext(
  headers: HeaderBag,
  { exchange: { context }, turn }: ChatCall,
  { kind }: CommittedAnswer,
): void {
  if (!context) return;
  headers['x-context-status'] = context.status;
  if (context.status === 'degraded') return;
  headers['x-context-session'] = encodeURIComponent(context.session);
  // What is not kept makes none.
  const version = kind === 'whole' ? context.version : context.base + (turn?.steps ?? 0);
  if (version >= 0) headers['x-context-version'] = String(version);
  if (kind === 'stream') headers.trailer = 'x-context-version';
  if (context.staleBase) headers['x-context-stale-base'] = String(context.base);
}

/** Where the cache had a say: what, and how old what it gave is. */
function noteCache(headers: HeaderBag, { exchange }: ChatCall, { fromCache }: CommittedAnswer): void {
  if (exchange.cache === '') return;
  headers['x-gateway-cache'] = exchange.cache;
  if (!fromCache) return;
  headers.age = String(Math.floor(fromCache.ageMs / 1000));
  headers['x-gateway-cache-age'] = String(Math.round(fromCache.ageMs));
}

function noteFirstToken(call: ChatCall): void {
  const facts = call.exchange.ai;
  if (facts) facts.firstTokenMs = call.ports.clock.monotonic() - call.exchange.started;
}

function definedOnly(headers: HeaderBag): OutgoingHttpHeaders {
  const defined: OutgoingHttpHeaders = {};
  for (const name in headers) if (headers[name] !== undefined) defined[name] = headers[name];
  return defined;
}
