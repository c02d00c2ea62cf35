import { type Gateway, startGateway } from '../gateway.ts';
import { calmHelperThreads } from '../server/helper-threads.ts';
import { refusedStart } from './refused-start.ts';
import { stopAsked, untilStopped } from './until-stopped.ts';

/** Serves until SIGTERM or SIGINT. */
export async function startCommand(file: string): Promise<number> {
  const asked = stopAsked();
  let gateway: Gateway;
  try {
    gateway = await startGateway({ file, env: process.env });
  } catch (error) {
    return refusedStart(error);
  }
  calmHelperThreads();
  return untilStopped(gateway, asked);
}
