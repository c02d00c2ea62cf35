import type { HeaderBag } from '../../contracts/policy.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import { passEvents } from './pass-events.ts';
import { type Passage, parsedMessage } from './passage.ts';
import { readWhole } from './read-whole.ts';
import { rewriteResponse } from './rewrite.ts';

/** Names of media types have no case (RFC 9110, 8.3.1). */
const isOf = (type: string, { headers }: UpstreamAnswer): boolean =>
  String(headers['content-type'] ?? '')
    .toLowerCase()
    .startsWith(type);

/** Passes a server's answer on to the client. */
export async function passAnswer(answer: UpstreamAnswer, passage: Passage): Promise<void> {
  const { call } = passage;
  const { exchange } = call;
  // About the gateway's own credentials: no business of the client's, who would go and fetch others.
  if (answer.statusCode === 401 || answer.statusCode === 403) {
    answer.body.on('error', () => undefined).destroy();
    throw new GatewayError('mcp_answer_invalid', { cause: new Error(`status ${answer.statusCode}`) });
  }
  if (isOf('text/event-stream', answer)) {
    await passEvents(answer, passage);
    return;
  }
  const { maxSize } = passage.server.config.results;
  const body = await readWhole(answer, maxSize);
  const sent = await rewrittenBody(body, answer, passage);
  const headers: HeaderBag = { 'cache-control': 'no-store', 'x-request-id': exchange.id, ...passage.headers };
  const type = answer.headers['content-type'];
  if (type !== undefined && sent.length > 0) headers['content-type'] = type;
  if (answer.headers['retry-after'] !== undefined) headers['retry-after'] = answer.headers['retry-after'];
  call.policies.responseHeaders(headers, exchange);
  call.reply.code(answer.statusCode).headers(headers).send(sent);
}

async function rewrittenBody(body: Buffer, answer: UpstreamAnswer, passage: Passage): Promise<Buffer> {
  const { call, server } = passage;
  const isJson = isOf('application/json', answer);
  // What is not read goes past allow-lists, pins and guards: of an answer nothing does.
  if (call.inbound.kind === 'request' && !isJson && body.length > 0 && answer.statusCode < 300)
    throw new GatewayError('mcp_answer_invalid', { cause: new Error('it is no JSON') });
  if (call.inbound.kind !== 'request' || !isJson || body.length === 0) {
    if (call.exchange.mcp) call.exchange.mcp.outcome = answer.statusCode < 400 ? 'ok' : 'rpc_error';
    return body;
  }
  const message = parsedMessage(body.toString());
  const renamed = passage.rename ? passage.rename(message) : message;
  const rewritten = await rewriteResponse(renamed, server, call, {
    method: call.inbound.method,
    subject: passage.subject,
  });
  return rewritten === message ? body : Buffer.from(JSON.stringify(rewritten));
}
