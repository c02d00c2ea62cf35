import { Client } from '@modelcontextprotocol/client';
import { expect, it, onTestFinished } from 'vitest';
import { ProgramTransport } from '../../../src/mcp/hosted/program-transport.ts';

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
