import { hash } from 'node:crypto';
import { GatewayError } from '../../errors/gateway-error.ts';
import { parseExact } from '../../lib/exact-json.ts';
import type { MessageCall } from '../call.ts';
import type { McpPorts } from '../ports.ts';
import type { McpServer } from '../server.ts';
import type { StateOwner } from '../state-seal.ts';
import { stateOwner } from './state-owner.ts';

/** Questions that a server may ask in one call. Clients give up after ten (SDK 2.x); each costs limits nothing. */
const MOST_ROUNDS = 100;

/**
 * The body as it goes on: with the server's own state, which comes beside it, in place of the sealed one. Nothing else of it
 * is changed, least of all numbers that this language can't hold.
 * @throws GatewayError `mcp_state_invalid`; StoreUnavailable
 */
export async function openedState(
  server: McpServer,
  call: MessageCall,
  subject: string,
): Promise<{ body: string; state: string | undefined; continues: boolean; round: number }> {
  const { ports, config, inbound } = call;
  const { params, text } = inbound;
  if (params.requestState === undefined) return { body: text, state: undefined, continues: false, round: 0 };
  const owner = ownerOf(server, call, subject);
  const { state, round } = await ports.seal.open(params.requestState, owner, config.stateKey);
  if (round > MOST_ROUNDS)
    throw new GatewayError('mcp_state_invalid', { detail: 'The call has asked too often.' });
  const message = parseExact(text) as { params: object };
  const body = JSON.stringify({ ...message, params: { ...message.params, requestState: state } });
  const continues = await isFirstReturn(String(params.requestState), ports, config.session.ttl);
  return { body, state, continues, round };
}

/** @throws GatewayError: its arguments are nested more deeply than can be walked */
function ownerOf(server: McpServer, call: MessageCall, subject: string): StateOwner {
  try {
    return stateOwner(server, call, subject);
  } catch (error) {
    if (error instanceof RangeError) throw new GatewayError('mcp_message_invalid', { cause: error });
    throw error;
  }
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
