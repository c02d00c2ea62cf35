import type { HeaderBag } from '../../contracts/policy.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import type { MessageCall } from '../call.ts';
import { retryAfterOf, rpcError } from '../rpc.ts';
import { guardedMessage } from './guard-texts.ts';
import { passEvents } from './pass-events.ts';
import { answers, type Passage, parsedMessage, walked } from './passage.ts';
import { readWhole } from './read-whole.ts';
import { type ResponseMessage, rewriteResponse } from './rewrite.ts';

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
  const sent = await answerTo(body, answer, passage);
  const headers: HeaderBag = { 'cache-control': 'no-store', 'x-request-id': exchange.id, ...passage.headers };
  if (sent.text !== '') headers['content-type'] = 'application/json';
  const retryAfter = answer.headers['retry-after'] ?? sent.retryAfter;
  if (retryAfter !== undefined) headers['retry-after'] = retryAfter;
  call.policies.responseHeaders(headers, exchange);
  // Nobody follows a server elsewhere.
  const status = answer.statusCode >= 300 && answer.statusCode < 400 ? 502 : answer.statusCode;
  call.reply.code(status).headers(headers).send(sent.text);
}

interface Sent {
  readonly text: string | Buffer;
  /** Of a host that has refused the call, in seconds. */
  readonly retryAfter?: string;
}

async function answerTo(body: Buffer, answer: UpstreamAnswer, passage: Passage): Promise<Sent> {
  const { call, server, subject } = passage;
  const { inbound, exchange } = call;
  const isError = answer.statusCode >= 300;
  const isRequest = inbound.kind === 'request';
  const isNeeded = isRequest && !isError;
  const message = isNeeded || body.length > 0 ? messageIn(body, answer, { call, isNeeded }) : undefined;
  if (message === undefined || !isRequest) {
    if (exchange.mcp) exchange.mcp.outcome = isError ? 'rpc_error' : 'ok';
    // To what is no request nobody answers, and what is no message may be a page that tells of the inside.
    if (!isError || (body.length === 0 && answer.statusCode >= 400)) return { text: '' };
    if (message !== undefined) return { text: JSON.stringify(guardedMessage(message, call)) };
    const cause = new Error(`status ${answer.statusCode}`);
    const error = new GatewayError('mcp_answer_invalid', { cause });
    return { text: JSON.stringify(rpcError(error, inbound.id, exchange.id)) };
  }
  return walked(async () => {
    const asked = { method: inbound.method, subject };
    const rewritten = await rewriteResponse(message, server, call, asked);
    const retryAfter = exchange.mcp?.fault ? retryAfterOf(rewritten) : undefined;
    const text = rewritten === message ? body : JSON.stringify(rewritten);
    return { text, ...(retryAfter !== undefined && { retryAfter: String(retryAfter) }) };
  });
}

/**
 * The message that a body is; undefined: it is none.
 * @param isNeeded what is not read goes past allow-lists, pins and guards: of an answer nothing does
 * @throws GatewayError `mcp_answer_invalid`: it is none, and one is needed
 */
function messageIn(
  body: Buffer,
  answer: UpstreamAnswer,
  { call, isNeeded }: { call: MessageCall; isNeeded: boolean },
): ResponseMessage | undefined {
  try {
    if (!isOf('application/json', answer)) throw noMessage('it is no JSON');
    const message = parsedMessage(body.toString());
    if (message.method !== undefined) throw noMessage('it is no answer');
    // Its client would take it for that of another request, over which nobody has decided.
    if (message.result !== undefined && !answers(message, call)) throw noMessage('it answers something else');
    return message;
  } catch (error) {
    if (isNeeded) throw error;
    return undefined;
  }
}

const noMessage = (why: string): GatewayError =>
  new GatewayError('mcp_answer_invalid', { cause: new Error(why) });
