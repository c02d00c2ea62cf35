import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gatewayProcess, workersOf } from '../helpers/gateway-process.ts';
import { mcpClient, mcpServer, OPEN, roundRobin } from '../helpers/mcp.ts';

const PROGRAM = [process.execPath, join(import.meta.dirname, '../fixtures/mcp/everything-stdio.ts')];
const LIMIT = 4;

it('two workers on one SQLite file are one gateway: sessions, questions and limits go on in either', async () => {
  const server = await mcpServer();
  const tools = { add: { rateLimit: { limit: LIMIT, window: '1h' } } };
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    mcp: {
      servers: {
        far: { url: server.url, allow: OPEN, tools },
        near: { command: PROGRAM, allow: OPEN, tools },
      },
    },
  });
  expect(await gateway.workers()).toHaveLength(2);
  // A connection of its own for each request: to which worker it goes is chance.
  const { url } = await roundRobin([gateway.url]);
  for (const name of ['far', 'near']) {
    const client = await mcpClient(`${url}/mcp/${name}`, { legacy: true });
    const add = () => client.callTool({ name: 'add', arguments: { a: 1, b: 2 } });
    for (let at = 0; at < LIMIT; at++) expect((await add()).structuredContent).toEqual({ sum: 3 });
    await expect(add()).rejects.toThrow();
    // The answer to its question is a request of its own.
    for (let at = 0; at < 3; at++) {
      const asked = await client.callTool({ name: 'test_input_required_result_elicitation' });
      expect(JSON.stringify(asked.content)).toContain('Hello, Ada!');
    }
  }
});

it('of the programs that may run at once two workers run no more together', async () => {
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    mcp: { servers: { near: { command: PROGRAM, allow: OPEN, process: { max: 2 } } } },
  });
  const workers = await gateway.workers();
  expect(workers).toHaveLength(2);
  const { url } = await roundRobin([gateway.url]);
  // As many sessions as both workers get more than their part of: each keeps its program.
  const asked = Array.from({ length: 12 }, () => mcpClient(`${url}/mcp/near`, { legacy: true }));
  const opened = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
  expect([1, 2]).toContain(opened.length);
  const running = await Promise.all(workers.map(workersOf));
  expect(running.flat()).toHaveLength(opened.length);
}, 120_000);
