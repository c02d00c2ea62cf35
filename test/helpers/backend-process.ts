import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** An HTTP server in a process of its own, so that it can die as processes do. It answers every request with its name. */
export interface BackendProcess {
  readonly url: string;
  /** Ends it without a word. */
  kill9(): Promise<void>;
  /** Starts it again on its port. */
  restart(): Promise<void>;
}

const SERVER = `
const [name, port] = process.argv.slice(1);
const server = require('node:http').createServer((request, response) => response.end(name));
server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port));
// However its parent ends, it does too.
process.stdin.resume().on('end', () => process.exit());
`;

export async function backendProcess(name: string): Promise<BackendProcess> {
  let child: ChildProcess | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    const started = spawn(process.execPath, ['-e', SERVER, name, String(port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child = started;
    const [said] = (await once(started.stdout, 'data')) as [Buffer];
    port = Number(said.toString());
  };
  const kill9 = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const exit = once(running, 'exit');
    running.kill('SIGKILL');
    await exit;
  };
  onTestFinished(kill9);
  await start();
  return { url: `http://127.0.0.1:${port}`, kill9, restart: start };
}
