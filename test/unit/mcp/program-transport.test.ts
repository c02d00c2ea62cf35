import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { expect, it, onTestFinished } from 'vitest';
import { ProgramTransport } from '../../../src/mcp/hosted/program-transport.ts';
import { eventually } from '../../helpers/gateway.ts';

/** Answers a call with its last progress and its result in one piece, as a busy machine makes of two. */
const PROGRAM = `
  let text = '';
  const say = (...messages) => process.stdout.write(messages.map((each) => JSON.stringify({ jsonrpc: '2.0', ...each }) + '\\n').join(''));
  process.stdin.on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\\n'); end >= 0; end = text.indexOf('\\n')) {
      const { id, method, params } = JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
      if (method === 'initialize')
        say({ id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } } });
      if (method === 'tools/call')
        say(
          { method: 'notifications/progress', params: { progressToken: params._meta.progressToken, progress: 100 } },
          { id, result: { content: [] } },
        );
    }
  });`;

it('the last progress of a call is heard, though its result comes right behind it', async () => {
  const client = new Client({ name: 't', version: '1' });
  onTestFinished(() => client.close());
  await client.connect(new ProgramTransport({ command: process.execPath, args: ['-e', PROGRAM] }));
  const steps: number[] = [];
  for (let call = 0; call < 3; call++)
    await client.request(
      { method: 'tools/call', params: { name: 'any', arguments: {} } },
      { onprogress: ({ progress }) => steps.push(progress) },
    );
  expect(steps).toEqual([100, 100, 100]);
});

/** Of 2025-11-25: it ends at what it does not know, as old servers do. Each that runs begins another, and notes it. */
const OLD = `
  const { spawn } = require('node:child_process');
  const { appendFileSync } = require('node:fs');
  appendFileSync(process.argv[1], spawn('sleep', ['600'], { stdio: 'ignore' }).pid + '\\n');
  const lines = require('node:readline').createInterface({ input: process.stdin });
  lines.on('close', () => process.exit(0)).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    if (method === 'notifications/initialized') return;
    if (method !== 'initialize') process.exit(1);
    const serverInfo = { name: 'old', version: '1' };
    const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo };
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
`;

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

// Hangs on a method that the package keeps to itself: where it is gone, the program is asked what it does not know.
it('a program that ends at an unknown request is tried on another one first, and nothing of either is left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-program-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const begun = join(folder, 'begun');
  const transport = new ProgramTransport({ command: process.execPath, args: ['-e', OLD, begun] });
  const client = new Client({ name: 'x', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  onTestFinished(() => client.close());
  await client.connect(transport);
  expect(client.getServerVersion()?.name).toBe('old');
  const [ofTried = 0, ofUsed = 0, ...others] = (await readFile(begun, 'utf8')).trim().split('\n').map(Number);
  expect(others).toEqual([]);
  expect(await eventually(() => !isRunning(ofTried))).toBe(true);
  expect(isRunning(ofUsed)).toBe(true);
  await client.close();
  expect(await eventually(() => !isRunning(ofUsed))).toBe(true);
});
