import { expect, it } from 'vitest';
import { SlowServers } from '../../../src/mcp/hosted/slow-servers.ts';
import type { McpServer } from '../../../src/mcp/server.ts';

it('who takes long to say nothing is left out for a while; who fails at once, or is all there is, is asked', async () => {
  const time = { now: 1 };
  const slow = new SlowServers(() => time.now);
  const [hung, broken, well] = ['hung', 'broken', 'well'].map((name) => ({ name }) as McpServer) as [
    McpServer,
    McpServer,
    McpServer,
  ];
  const after = (ms: number) => async () => {
    time.now += ms;
    throw new Error('no answer');
  };
  await expect(slow.watch(hung, after(1500))).rejects.toThrow('no answer');
  await expect(slow.watch(broken, after(5))).rejects.toThrow('no answer');
  await slow.watch(well, async () => {
    time.now += 2000;
  });
  expect(slow.without([hung, broken, well])).toEqual([broken, well]);
  expect(slow.without([hung])).toEqual([hung]);
  time.now += 15_000;
  expect(slow.without([hung, broken, well])).toEqual([hung, broken, well]);
});
