import { type Gateway, startGateway } from '../gateway.ts';
import { refusedConfig } from './refused-config.ts';
import { untilStopped } from './until-stopped.ts';

/** Serves until SIGTERM or SIGINT. */
export async function startCommand(file: string): Promise<number> {
  let gateway: Gateway;
  try {
    gateway = await startGateway({ file, env: process.env });
  } catch (error) {
    return refusedConfig(error);
  }
  return untilStopped(gateway);
}
