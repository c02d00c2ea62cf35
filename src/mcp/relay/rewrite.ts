import type { Tool } from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import { ERRORS, type ErrorCode } from '../../errors/table.ts';
import { plainNumbers } from '../../lib/exact-json.ts';
import { isObject } from '../../lib/json.ts';
import type { Kind } from '../access/access.ts';
import type { MessageCall } from '../call.ts';
import { lookAlikes } from '../look-alikes.ts';
import type { McpServer } from '../server.ts';
import type { Asked } from '../sessions/asked.ts';
import { guardedMessage, guardedResult } from './guard-texts.ts';
import { stateOwner } from './state-owner.ts';
import { withOwnTasks } from './tasks.ts';

/** A result as far as the gateway acts on it; everything else of it passes. */
interface Result {
  readonly resultType?: unknown;
  readonly requestState?: unknown;
  readonly isError?: unknown;
  readonly cacheScope?: unknown;
  readonly structuredContent?: unknown;
  readonly [key: string]: unknown;
}

export interface ResponseMessage {
  readonly id?: unknown;
  readonly result?: Result;
  readonly error?: unknown;
  readonly method?: unknown;
}

interface List {
  readonly at: string;
  readonly kind: Kind;
  readonly by: string;
}

/** Lists, where their entries stand, and by which field who may see an entry is decided. */
const LISTS: Readonly<Record<string, List>> = {
  'tools/list': { at: 'tools', kind: 'tools', by: 'name' },
  'prompts/list': { at: 'prompts', kind: 'prompts', by: 'name' },
  'resources/list': { at: 'resources', kind: 'resources', by: 'uri' },
  'resources/templates/list': { at: 'resourceTemplates', kind: 'resources', by: 'uriTemplate' },
};

/** What some parsers take for a list, or for what an entry is decided over by. */
const hasOther = lookAlikes(
  'tools',
  'prompts',
  'resources',
  'resourceTemplates',
  'name',
  'uri',
  'uriTemplate',
);

/**
 * The answer to a request as its client may see it: lists without what they may not use or nobody may, or is another's task, states sealed,
 * texts as the guards leave them. The same object if there is nothing to change.
 *
 * @param asked what it answers
 * @throws GatewayError of a guard; `mcp_answer_invalid`: a list that is none; StoreUnavailable
 */
export async function rewriteResponse(
  response: ResponseMessage,
  server: McpServer,
  call: MessageCall,
  asked: Asked,
): Promise<ResponseMessage> {
  const { result } = response;
  const { mcp } = call.exchange;
  if (mcp) mcp.outcome = outcomeOf(response);
  if (mcp && mcp.fault !== '') {
    const code = mcp.fault as ErrorCode;
    call.exchange.fail(code);
    mcp.outcome = ERRORS[code].status < 500 ? 'refused' : 'failed';
    return withRequestId(response, call.exchange.id);
  }
  if (result === undefined || result === null || typeof result !== 'object')
    return guardedMessage(response, call);
  if (mcp && asked.method === 'tools/call')
    mcp.breach ||= server.tools.breachOf(asked.subject, plainNumbers(result) as Result) ?? '';
  let rewritten = result;
  for (const list of listsOf(asked, result)) rewritten = await rewriteList(rewritten, list, server, call);
  rewritten = await withOwnTasks(rewritten, asked.method, server, call);
  // What one may read and another may not must not be kept for both by a cache on the way.
  if (
    asked.method === 'resources/read' &&
    rewritten.cacheScope === 'public' &&
    !server.access.isOpen.resources
  )
    rewritten = { ...rewritten, cacheScope: 'private' };
  rewritten = guardedResult(rewritten, call);
  if (typeof rewritten.requestState === 'string') {
    const { config, ports, round = 0 } = call;
    const opened = { state: rewritten.requestState, round: round + 1 };
    const owner = stateOwner(server, call, asked.subject);
    const how = { stateKey: config.stateKey, ttlMs: config.session.ttl };
    rewritten = { ...rewritten, requestState: await ports.seal.seal(opened, owner, how) };
  }
  return rewritten === result ? response : { ...response, result: rewritten };
}

/** A host does not know by which name the log has the request. */
function withRequestId({ error, ...rest }: ResponseMessage, id: string): ResponseMessage {
  const { data, ...said } = error as { data?: object };
  return { ...rest, error: { ...said, data: { ...data, request_id: id } } };
}

function outcomeOf({ result, error }: ResponseMessage) {
  if (error !== undefined) return 'rpc_error';
  if (result?.resultType === 'input_required') return 'input_required';
  return result?.isError === true ? 'tool_error' : 'ok';
}

/** The list that was asked for; where that is not known, whatever looks like one. */
function listsOf({ method }: Asked, result: Result): readonly List[] {
  const asked = LISTS[method];
  if ((asked || method === '') && hasOther(result)) throw noList({ at: 'fields' });
  // What is not read goes past allow-lists: of an answer nothing does.
  if (asked && result[asked.at] !== undefined && !Array.isArray(result[asked.at])) throw noList(asked);
  const lists = method === '' ? Object.values(LISTS) : [asked];
  return lists.filter((list): list is List => list !== undefined && Array.isArray(result[list.at]));
}

const noList = ({ at }: Pick<List, 'at'>): GatewayError =>
  new GatewayError('mcp_answer_invalid', { cause: new Error(`its ${at} are no list of ${at}`) });

async function rewriteList(
  result: Result,
  list: List,
  server: McpServer,
  call: MessageCall,
): Promise<Result> {
  const listed = result[list.at] as unknown[];
  if (!listed.every((entry) => isObject(entry) && typeof entry[list.by] === 'string' && !hasOther(entry)))
    throw noList(list);
  const entries = listed as Record<string, unknown>[];
  const { access } = server;
  const { exchange } = call;
  let kept = entries.filter((entry) => access.allows(exchange, list.kind, String(entry[list.by])));
  if (list.kind === 'tools') {
    const { method, params } = call.inbound;
    const isWhole = method === 'tools/list' && params.cursor === undefined && result.nextCursor === undefined;
    // All of them, also those that this client may not see: what changed has changed for everybody.
    const changed = await server.tools.check(plainNumbers(entries) as Tool[], isWhole);
    kept = kept.filter(({ name }) => !changed.has(String(name)));
  }
  // What one may see and another may not must not be kept for both by a cache on the way.
  const isPrivate = result.cacheScope === 'public' && !access.isOpen[list.kind];
  if (kept.length === entries.length && !isPrivate) return result;
  return { ...result, [list.at]: kept, ...(isPrivate && { cacheScope: 'private' }) };
}
