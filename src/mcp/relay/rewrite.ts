import type { Tool } from '@modelcontextprotocol/server';
import type { AnswerFilter, ModelGuard } from '../../contracts/guard.ts';
import { ERRORS, type ErrorCode } from '../../errors/table.ts';
import type { Kind } from '../access/access.ts';
import type { MessageCall } from '../call.ts';
import type { McpServer } from '../server.ts';
import type { Asked } from '../sessions/asked.ts';

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

/** What is sealed into the states of one call, so that they fit no other. */
export const operationOf = ({ method, subject }: Asked): string => `${method} ${subject}`;

/**
 * The answer to a request as its client may see it: lists without what they may not use or nobody may, states sealed,
 * texts as the guards leave them. The same object if there is nothing to change.
 *
 * @param asked what it answers
 * @throws GatewayError of a guard; StoreUnavailable
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
  if (mcp && asked.method === 'tools/call') mcp.breach ||= server.tools.breachOf(asked.subject, result) ?? '';
  let rewritten = result;
  for (const list of listsOf(asked, result)) rewritten = await rewriteList(rewritten, list, server, call);
  // What one may read and another may not must not be kept for both by a cache on the way.
  if (
    asked.method === 'resources/read' &&
    rewritten.cacheScope === 'public' &&
    !server.access.isOpen.resources
  )
    rewritten = { ...rewritten, cacheScope: 'private' };
  rewritten = guarded(rewritten, call);
  if (typeof rewritten.requestState === 'string') {
    const { config, principal, ports } = call;
    const owner = { server: server.name, principal, operation: operationOf(asked) };
    const how = { stateKey: config.stateKey, ttlMs: config.session.ttl };
    rewritten = {
      ...rewritten,
      requestState: await ports.seal.seal(rewritten.requestState as string, owner, how),
    };
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
  const lists = method === '' ? Object.values(LISTS) : [LISTS[method]];
  return lists.filter((list): list is List => list !== undefined && Array.isArray(result[list.at]));
}

async function rewriteList(
  result: Result,
  list: List,
  server: McpServer,
  call: MessageCall,
): Promise<Result> {
  const entries = result[list.at] as Record<string, unknown>[];
  const { access } = server;
  const { exchange } = call;
  let kept = entries.filter((entry) => access.allows(exchange, list.kind, String(entry?.[list.by] ?? '')));
  if (list.kind === 'tools') {
    const { method, params } = call.inbound;
    const isWhole = method === 'tools/list' && params.cursor === undefined && result.nextCursor === undefined;
    // All of them, also those that this client may not see: what changed has changed for everybody.
    const changed = await server.tools.check(entries as unknown as Tool[], isWhole);
    kept = kept.filter(({ name }) => !changed.has(String(name)));
  }
  // What one may see and another may not must not be kept for both by a cache on the way.
  const isPrivate = result.cacheScope === 'public' && !access.isOpen[list.kind];
  if (kept.length === entries.length && !isPrivate) return result;
  return { ...result, [list.at]: kept, ...(isPrivate && { cacheScope: 'private' }) };
}

/**
 * Leads the words of an error or of what a server says by itself through the guards: questions, progress, log. The same
 * object if there are none.
 */
export function guardedMessage(
  message: ResponseMessage,
  { policies, exchange }: MessageCall,
): ResponseMessage {
  if (!policies.areGuards) return message;
  const guards = policies.openGuards(exchange);
  return guardTexts(message, (text) => through(guards, text), WORDS) as ResponseMessage;
}

/** Leads the texts of a result through the guards: of tools, prompts and resources, and of questions. */
function guarded(result: Result, { policies, exchange }: MessageCall): Result {
  if (!policies.areGuards) return result;
  const guards = policies.openGuards(exchange);
  const guard = (text: string): string => through(guards, text);
  const { inputRequests } = result;
  const guardedResult = guardTexts(result, guard, TEXTS) as Result;
  if (inputRequests === undefined) return guardedResult;
  return { ...guardedResult, inputRequests: guardTexts(inputRequests, guard, WORDS) };
}

function through(guards: readonly ModelGuard[], text: string): string {
  const filters = guards.flatMap<AnswerFilter>((guard) => guard.openAnswer?.('text') ?? []);
  return filters.reduce((rest, filter) => filter.take(rest) + filter.end(), text);
}

/** In results; the rest is names, addresses and data of the protocol. */
const TEXTS: ReadonlySet<string> = new Set(['text', 'structuredContent']);
/** In errors, questions, progress and log. */
const WORDS: ReadonlySet<string> = new Set([...TEXTS, 'message', 'data', 'systemPrompt']);

/** Every string under one of the keys. */
function guardTexts(
  value: unknown,
  guard: (text: string) => string,
  keys: ReadonlySet<string>,
  isText = false,
): unknown {
  if (typeof value === 'string') return isText ? guard(value) : value;
  if (Array.isArray(value)) return value.map((each) => guardTexts(each, guard, keys, isText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      // Of an image or a sound it is no text.
      key === 'data' && 'mimeType' in value ? each : guardTexts(each, guard, keys, isText || keys.has(key)),
    ]),
  );
}
