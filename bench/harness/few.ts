import { Agent } from 'node:http';
import { ask } from './ask.ts';
import type { Generated, Generator } from './generator.ts';

const REQUESTS = 40;
const CONNECTIONS = 4;

/** A few requests, whatever was asked for: to find out that something does not work, and nothing about speed. */
export function few(): Generator {
  return {
    name: `${REQUESTS} requests`,
    async run({ origin, asked }): Promise<Generated> {
      const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
      const began = performance.now();
      const failures: Record<string, number> = {};
      let bytes = 0;
      const one = async (): Promise<void> => {
        const { status, body } = await ask(origin, asked, agent);
        bytes += body.length;
        if (status !== 200) failures[`status ${status}`] = (failures[`status ${status}`] ?? 0) + 1;
      };
      try {
        await Promise.all(Array.from({ length: REQUESTS }, one));
      } finally {
        agent.destroy();
      }
      const ms = performance.now() - began;
      return { requests: REQUESTS, seconds: ms / 1000, bytes, p50: ms, p99: ms, failures };
    },
  };
}
