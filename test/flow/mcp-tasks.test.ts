// A server knows the gateway and not who stands behind it: whose a task is the gateway has to know.
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { rawProvider } from '../helpers/ai.ts';
import { testGateway } from '../helpers/gateway.ts';
import { OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const consumer = (name: string) => ({
  name,
  keys: [{ id: 'k', sha256: createHash('sha256').update(`${name}-key`).digest('hex') }],
});

interface Message {
  readonly id: number;
  readonly method: string;
  readonly params?: { readonly taskId?: string; readonly _meta?: object };
}
interface Said {
  readonly result?: { readonly tasks?: { readonly taskId: string }[]; readonly [key: string]: unknown };
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly code: string };
  };
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A server that makes a task of every call, for whoever has the gateway's account. */
async function behind(revision: '2025-11-25' | '2026-07-28') {
  const tasks: string[] = [];
  const asked: string[] = [];
  const isModern = revision === '2026-07-28';
  const taskOf = (taskId: string) => ({ taskId, status: 'working', ttl: 60_000, ttlMs: 60_000 });
  const server = await rawProvider((response, { body }) => {
    const { id, method, params } = JSON.parse(body.toString() || '{}') as Message;
    if (method === 'tools/call' || method.startsWith('tasks/'))
      asked.push(`${method} ${params?.taskId ?? ''}`);
    const begun = (): object => {
      const made = taskOf(`task-${tasks.push('') - 1}`);
      return isModern ? { resultType: 'task', ...made } : { task: made };
    };
    const result =
      method === 'tools/call'
        ? begun()
        : method === 'tasks/list'
          ? { tasks: tasks.map((_, at) => taskOf(`task-${at}`)) }
          : { resultType: 'complete', ...taskOf(params?.taskId ?? '') };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
  const gateway = await testGateway({
    consumers: [consumer('ada'), consumer('bob')],
    mcp: {
      policies: [{ 'auth-api-key': {} }],
      servers: { slow: { url: `${server.url}/mcp`, allow: OPEN, pin: 'off', revisions: [revision] } },
    },
  });
  let id = 0;
  const ask = async (who: string, method: string, params: Record<string, unknown> = {}): Promise<Said> => {
    const { taskId, name, _meta } = params as { taskId?: string; name?: string; _meta?: object };
    const subject = taskId ?? name;
    const answer = await fetch(`${gateway.url}/mcp/slow`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'x-api-key': `${who}-key`,
        'mcp-protocol-version': revision,
        ...(isModern && { 'mcp-method': method, ...(subject !== undefined && { 'mcp-name': subject }) }),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: ++id,
        method,
        params: { ...params, ...(isModern && { _meta: { ...META, ..._meta } }) },
      }),
    });
    return (await answer.json()) as Said;
  };
  const listed = async (who: string) =>
    (await ask(who, 'tasks/list')).result?.tasks?.map(({ taskId }) => taskId);
  return { ask, asked, listed };
}

/** What an answer says but for the request's own id. */
const withoutId = ({ error }: Said) => ({ ...error, data: error?.data.code });

describe.each(['2025-11-25', '2026-07-28'] as const)('a task at a server of %s', (revision) => {
  it('is whose call it was: to others it is as one that there is not', async () => {
    const { ask, asked } = await behind(revision);
    await ask('ada', 'tools/call', { name: 'dig', arguments: {} });
    expect((await ask('ada', 'tasks/get', { taskId: 'task-0' })).result).toMatchObject({ taskId: 'task-0' });
    for (const method of ['tasks/get', 'tasks/result', 'tasks/update', 'tasks/cancel']) {
      const [others, none] = [
        await ask('bob', method, { taskId: 'task-0' }),
        await ask('bob', method, { taskId: 'task-7' }),
      ];
      expect(withoutId(others)).toEqual(withoutId(none));
      expect(others.error).toMatchObject({ code: -32_602, data: { code: 'mcp_task_unknown' } });
    }
    expect(asked).toEqual(['tools/call ', 'tasks/get task-0']);
    expect((await ask('ada', 'tasks/cancel', { taskId: 'task-0' })).result).toBeDefined();
  });

  it('is named by its own owner alone in what concerns it, too', async () => {
    const { ask } = await behind(revision);
    await ask('ada', 'tools/call', { name: 'dig', arguments: {} });
    const _meta = { 'io.modelcontextprotocol/related-task': { taskId: 'task-0' } };
    const call = { name: 'dig', arguments: {}, _meta };
    expect((await ask('bob', 'tools/call', call)).error?.data.code).toBe('mcp_task_unknown');
    expect((await ask('ada', 'tools/call', call)).result).toBeDefined();
  });
});

it('each sees their own tasks in a list', async () => {
  const { ask, listed } = await behind('2025-11-25');
  for (const who of ['ada', 'bob', 'ada']) await ask(who, 'tools/call', { name: 'dig', arguments: {} });
  expect([await listed('ada'), await listed('bob')]).toEqual([['task-0', 'task-2'], ['task-1']]);
});

it('an id that is written as others read it is none', async () => {
  const { ask, asked } = await behind('2025-11-25');
  await ask('ada', 'tools/call', { name: 'dig', arguments: {} });
  expect((await ask('bob', 'tasks/get', { TaskId: 'task-0' })).error).toBeDefined();
  expect((await ask('bob', 'tasks/get', {})).error?.data.code).toBe('mcp_task_unknown');
  expect(asked).toEqual(['tools/call ']);
});

it('nor beside one’s own, or as what a call concerns', async () => {
  const { ask, asked } = await behind('2025-11-25');
  for (const who of ['ada', 'bob']) await ask(who, 'tools/call', { name: 'dig', arguments: {} });
  for (const _meta of [
    { 'io.modelcontextprotocol/related-task': { taskId: 'task-1', TaskId: 'task-0' } },
    { 'io.modelcontextprotocol/Related-Task': { taskId: 'task-0' } },
  ]) {
    const { error } = await ask('bob', 'tools/call', { name: 'dig', arguments: {}, _meta });
    expect(error?.data.code).toBe('mcp_message_invalid');
  }
  expect(asked).toEqual(['tools/call ', 'tools/call ']);
});
