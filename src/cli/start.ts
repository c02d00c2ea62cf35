import { type Gateway, startGateway } from '../gateway.ts';
import { calmHelperThreads } from '../server/helper-threads.ts';
import { refusedStart } from './refused-start.ts';
import { stopAsked, untilStopped } from './until-stopped.ts';

/** Serves until SIGTERM or SIGINT. At SIGHUP it reads its file again, as if that had been saved. */
export async function startCommand(file: string): Promise<number> {
  const asked = stopAsked();
  let gateway: Gateway | undefined;
  // While it starts there is nothing to do: the file is read again at the end of that.
  process.on('SIGHUP', () => void gateway?.reload());
  try {
    gateway = await startGateway({ file, env: process.env });
  } catch (error) {
    return refusedStart(error);
  }
  calmHelperThreads();
  return untilStopped(gateway, asked);
}
