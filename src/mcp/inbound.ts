import {
  classifyInboundRequest,
  INVALID_PARAMS,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  isJsonContentType,
  type JSONRPCMessage,
  PARSE_ERROR,
  PROTOCOL_VERSION_META_KEY,
  RELATED_TASK_META_KEY,
  type RequestId,
} from '@modelcontextprotocol/server';
import type { FastifyRequest } from 'fastify';
import type { McpRevision } from '../config/schema/mcp.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { cutText } from '../lib/cut-text.ts';
import { parseExact } from '../lib/exact-json.ts';
import { isObject, objectOf } from '../lib/json.ts';
import { tooLong } from './long-names.ts';
import { lookAlikes } from './look-alikes.ts';
import { checkNameHeader, HEADER_MISMATCH } from './name-header.ts';

/** Fields of `params` that decide who may do what. */
export interface Params {
  readonly name?: unknown;
  readonly uri?: unknown;
  readonly requestState?: unknown;
  readonly [key: string]: unknown;
}

/** What is decided over, written as some servers read it, too. */
const hasLookAlike = lookAlikes(
  'name',
  'uri',
  'ref',
  'type',
  'arguments',
  'cursor',
  'notifications',
  'resourceSubscriptions',
  'requestState',
  'inputResponses',
  'taskId',
  'taskIds',
  '_meta',
);

/** The same of `_meta`: whose other names are anybody's. */
const hasOtherRelated = lookAlikes(RELATED_TASK_META_KEY);

/** One message of a client, read as far as the gateway acts on it. */
export interface Inbound {
  readonly message: JSONRPCMessage;
  /** The message as it goes on: what was decided over, and nothing that another parser could read differently. */
  readonly text: string;
  readonly kind: 'request' | 'notification' | 'response';
  /** '' of a response. */
  readonly method: string;
  /** Of a request, else null. */
  readonly id: RequestId | null;
  readonly params: Params;
  /** Which of the two revisions it speaks; older ones are spoken as 2025-11-25 is. */
  readonly era: McpRevision;
  /** The revision by its name, as the client says it; '' if it does not. */
  readonly revision: string;
}

/** What the package's own classification refuses: its status and error are the answer. */
export class MessageRefused extends Error {
  override readonly name = 'MessageRefused';
  readonly status: number;
  readonly body: object;

  constructor(status: number, id: unknown, error: { code: number; message: string; data?: unknown }) {
    super(error.message);
    this.status = status;
    const isId = typeof id === 'string' || typeof id === 'number';
    this.body = { jsonrpc: '2.0', id: isId ? id : null, error };
  }
}

/** Characters of a client's word in what it is answered. */
const LONGEST_SHOWN = 64;

const one = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/**
 * Reads the body of a POST: exactly one message.
 * @throws GatewayError or MessageRefused
 */
export function readMessage(request: FastifyRequest): Inbound {
  const { headers } = request;
  if (!isJsonContentType(headers['content-type'])) throw new GatewayError('media_type_unsupported');
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new GatewayError('media_type_unsupported', { detail: 'It must not be compressed.' });
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const { body, text } = parsed(bytes.toString());
  const outcome = classifyInboundRequest({
    httpMethod: 'POST',
    body,
    ...defined('protocolVersionHeader', one(headers['mcp-protocol-version'])),
    ...defined('mcpMethodHeader', one(headers['mcp-method'])),
    ...defined('mcpNameHeader', one(headers['mcp-name'])),
  });
  if (outcome.kind === 'reject') {
    const { httpStatus, code, message, data } = outcome;
    throw new MessageRefused(httpStatus, (body as { id?: unknown }).id, { code, message, data });
  }
  // Neither revision has batches, and what is in one would be decided over one by one.
  if (Array.isArray(body))
    throw new GatewayError('mcp_message_invalid', { detail: 'Send one message at a time.' });
  const isModern = outcome.kind === 'modern';
  const mismatch = isModern
    ? checkNameHeader(one(headers['mcp-name']), body as unknown as JSONRPCMessage)
    : undefined;
  if (mismatch !== undefined)
    throw new MessageRefused(400, (body as { id?: unknown }).id, {
      code: HEADER_MISMATCH,
      message: mismatch,
    });
  return described(body, text, isModern, one(headers['mcp-protocol-version']));
}

function described(body: unknown, text: string, isModern: boolean, header: string | undefined): Inbound {
  const era: McpRevision = isModern ? '2026-07-28' : '2025-11-25';
  if (isJSONRPCResponse(body)) {
    const message = body as JSONRPCMessage;
    return { message, text, kind: 'response', method: '', id: null, params: {}, era, revision: header ?? '' };
  }
  const isRequest = isJSONRPCRequest(body);
  if (!isRequest && !isJSONRPCNotification(body)) throw new GatewayError('mcp_message_invalid');
  // A call without an id is decided over by nobody here, and carried out by servers that go by the method alone.
  if (!isRequest && !body.method.startsWith('notifications/'))
    throw new GatewayError('mcp_message_invalid', {
      detail: `${cutText(body.method, LONGEST_SHOWN)} needs an id.`,
    });
  const params = (body.params ?? {}) as Params;
  const meta = objectOf(params._meta);
  const decidedOver = [params, params.ref, params.notifications, meta[RELATED_TASK_META_KEY]];
  if (decidedOver.some((each) => isObject(each) && hasLookAlike(each)) || hasOtherRelated(meta))
    throw new GatewayError('mcp_message_invalid', {
      detail: 'A name in params is that of another field but for its case.',
    });
  const long = tooLong(params, text.length);
  if (long !== undefined)
    throw new MessageRefused(400, isRequest ? body.id : null, { code: INVALID_PARAMS, message: long });
  const said = meta[PROTOCOL_VERSION_META_KEY] ?? header ?? params.protocolVersion;
  return {
    message: body,
    text,
    kind: isRequest ? 'request' : 'notification',
    method: body.method,
    id: isRequest ? body.id : null,
    params,
    era,
    // Never a text of any length in a log.
    revision: typeof said === 'string' && /^[0-9-]{10}$/.test(said) ? said : '',
  };
}

/**
 * A key that stands twice is read differently by different parsers, so that what goes on is what was read here, written
 * anew. Numbers that this language can't hold stay as they were written.
 */
function parsed(sent: string): { body: object; text: string } {
  let body: unknown;
  let text: string;
  try {
    body = JSON.parse(sent);
    text = JSON.stringify(body);
    if (text !== sent) text = JSON.stringify(parseExact(sent));
  } catch {
    throw new MessageRefused(400, null, {
      code: PARSE_ERROR,
      message: 'Parse error: the body is not valid JSON.',
    });
  }
  if (typeof body !== 'object' || body === null) throw new GatewayError('mcp_message_invalid');
  return { body, text };
}

const defined = <K extends string>(key: K, value: string | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [key in K]?: string };
