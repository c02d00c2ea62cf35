import { RELATED_TASK_META_KEY } from '@modelcontextprotocol/server';
import type { Documents } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { plainNumbers } from '../../lib/exact-json.ts';
import { isObject, objectOf } from '../../lib/json.ts';
import type { MessageCall } from '../call.ts';
import { lookAlikes } from '../look-alikes.ts';
import { canonicalDigest } from '../pins/canonical.ts';
import type { McpServer } from '../server.ts';

/**
 * Whose tasks are: a server knows the gateway and not its clients, so that who names another's task could look at it and end it.
 * That a task is a principal's is kept in the store when its server says that it has begun.
 */
const TASKS = 'mcp/tasks';
const LIST = 'tasks/list';

/** Milliseconds that it is kept: the task's own time, but not less than the first, nor more than the second. */
const LEAST_MS = 86_400_000;
const MOST_MS = 30 * LEAST_MS;

type Json = Readonly<Record<string, unknown>>;

/** What some parsers take for a list of tasks, or for an id. */
const hasOther = lookAlikes('tasks', 'taskId');

/**
 * Lets a request go on only if all tasks that it names are its principal's: of others it is not said whether they are there.
 * @throws GatewayError `mcp_task_unknown`; StoreUnavailable
 */
export async function admitTasks(server: McpServer, call: MessageCall): Promise<void> {
  const named = tasksNamed(call);
  if (named.size === 0) return;
  const areOwn = await Promise.all([...named].map((task) => isOwn(server, call, task)));
  if (areOwn.includes(false)) throw new GatewayError('mcp_task_unknown');
}

/** Each once, however often it is named. */
function tasksNamed({ inbound: { method, params } }: MessageCall): Set<unknown> {
  const related = objectOf(objectOf(params._meta)[RELATED_TASK_META_KEY]).taskId;
  const { taskIds } = objectOf(method === 'subscriptions/listen' ? params.notifications : undefined);
  return new Set([
    ...(method.startsWith('tasks/') && method !== LIST ? [params.taskId] : []),
    ...(Array.isArray(taskIds) ? (taskIds as unknown[]) : []),
    ...(related === undefined ? [] : [related]),
  ]);
}

/**
 * A result with the tasks that are its reader's alone; a task that it says to have begun is theirs from now on.
 * @param method what was asked; '' = that is not known
 * @returns the same object if there is nothing to leave out
 * @throws GatewayError `mcp_answer_invalid`: a list that is none; StoreUnavailable
 */
export async function withOwnTasks<T extends Json>(
  result: T,
  method: string,
  server: McpServer,
  call: MessageCall,
): Promise<T> {
  if (method === LIST || (method === '' && Array.isArray(result.tasks))) return ownOf(result, server, call);
  if (method.startsWith('tasks/')) return result;
  const begun = isObject(result.task) ? result.task : result.resultType === 'task' ? result : undefined;
  if (typeof begun?.taskId !== 'string') return result;
  const ttlMs = lifetimeOf(begun);
  await documentsOf(call).put(TASKS, idOf(server, call, begun.taskId), {}, { ttlMs });
  return result;
}

async function ownOf<T extends Json>(result: T, server: McpServer, call: MessageCall): Promise<T> {
  const { tasks } = result;
  const listed = Array.isArray(tasks) ? (tasks as unknown[]) : [];
  if (!Array.isArray(tasks) || hasOther(result) || listed.some((each) => !isObject(each) || hasOther(each)))
    throw new GatewayError('mcp_answer_invalid', { cause: new Error('its tasks are no list of tasks') });
  const areOwn = await Promise.all(listed.map((each) => isOwn(server, call, objectOf(each).taskId)));
  return areOwn.includes(false) ? { ...result, tasks: listed.filter((_, at) => areOwn[at]) } : result;
}

/** `ttl` of 2025-11-25, `ttlMs` of 2026-07-28; null: for as long as its server likes. */
function lifetimeOf({ ttl, ttlMs = ttl }: Json): number {
  if (ttlMs === null) return MOST_MS;
  const ms = plainNumbers(ttlMs);
  return typeof ms === 'number' ? Math.round(Math.min(MOST_MS, Math.max(LEAST_MS, ms))) : LEAST_MS;
}

async function isOwn(server: McpServer, call: MessageCall, task: unknown): Promise<boolean> {
  if (typeof task !== 'string') return false;
  return (await documentsOf(call).get(TASKS, idOf(server, call, task))) !== undefined;
}

/** Those that wait for a store that has just gone: a task that has begun and is nobody's can't be looked at, nor ended. */
const documentsOf = ({ ports }: MessageCall): Documents => ports.replicas.documents;

const idOf = ({ name }: McpServer, { principal }: MessageCall, task: string): string =>
  canonicalDigest([name, principal, task]);
