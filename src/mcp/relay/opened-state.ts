import { hash } from 'node:crypto';
import type { MessageCall } from '../call.ts';
import type { McpPorts } from '../ports.ts';
import type { McpServer } from '../server.ts';
import { operationOf } from './rewrite.ts';

/** The body as it goes on: with the server's own state, which comes beside it, in place of the sealed one. */
export async function openedState(
  { name }: McpServer,
  { inbound, ports, principal, config }: MessageCall,
  subject: string,
): Promise<{ body: string; state: string | undefined; continues: boolean }> {
  const { params, message, method, text } = inbound;
  if (params.requestState === undefined) return { body: text, state: undefined, continues: false };
  const owner = { server: name, principal, operation: operationOf({ method, subject }) };
  const requestState = await ports.seal.open(params.requestState, owner, config.stateKey);
  const body = JSON.stringify({ ...message, params: { ...params, requestState } });
  const continues = await isFirstReturn(String(params.requestState), ports, config.session.ttl);
  return { body, state: requestState, continues };
}

/**
 * A call is counted once, in however many rounds it comes to its end: each question may be answered once for that. Who sends a
 * state again calls again, and is counted.
 */
async function isFirstReturn(sealed: string, { counters, log }: McpPorts, ttlMs: number): Promise<boolean> {
  const key = `mcp returns\n${hash('sha256', sealed, 'base64url')}`;
  const once = { key, algorithm: 'fixed-window', limit: 1, burst: 1, windowMs: Math.ceil(ttlMs) } as const;
  try {
    const taken = counters.take('mcp returns', [once], 1);
    return (taken instanceof Promise ? await taken : taken)[0]?.waitMs === 0;
  } catch (error) {
    log.warn({ err: error }, 'whether a call goes on could not be asked: it is counted as one more');
    return false;
  }
}
