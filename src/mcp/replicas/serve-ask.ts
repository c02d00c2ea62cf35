import type { McpFacts } from '../../contracts/exchange.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { McpHost } from '../server.ts';
import type { ReplicaPorts } from './replica-ports.ts';
import {
  ANSWER_TTL_MS,
  type Ask,
  answerOf,
  CLAIMS,
  MOST_WAITING,
  type Piece,
  type SentPiece,
} from './wire.ts';

/**
 * Does here what another replica was asked for, unless that one has given it up meanwhile.
 * @param host absent: there is none of this name here
 * @throws StoreUnavailable
 */
export async function serveAsk(
  ask: Ask,
  host: McpHost | undefined,
  { documents, logs, log }: ReplicaPorts,
  signal: AbortSignal,
): Promise<void> {
  const claim = await documents.put(CLAIMS, ask.id, 'taken', { ifVersion: 0, ttlMs: ANSWER_TTL_MS });
  if (!claim.ok) return;
  const mcp = ask.mcp && { ...ask.mcp };
  let at = 0;
  const say = async (piece: Piece): Promise<void> => {
    const sent: SentPiece = {
      ...piece,
      at: at++,
      facts: mcp && factsOf(mcp),
    };
    const options = { ttlMs: ANSWER_TTL_MS, most: MOST_WAITING };
    await logs.append(answerOf(ask.id), JSON.stringify(sent), options);
  };
  try {
    const asker = { consumer: ask.consumer, consumerGroups: [...ask.groups], mcp };
    const { method, headers, body } = ask;
    const request = new Request('http://localhost/', {
      method,
      headers,
      signal,
      ...(body !== null && { body }),
    });
    const parsed: unknown = body === null ? undefined : JSON.parse(body);
    const answer = host
      ? await host.fetch(request, parsed, { principal: ask.principal, asker, continues: ask.continues })
      : new Response(null, { status: 404 });
    await say({ kind: 'head', status: answer.status, headers: Object.fromEntries(answer.headers) });
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? [])
      await say({ kind: 'text', text: decoder.decode(chunk as Uint8Array, { stream: true }) });
    await say({ kind: 'end' });
  } catch (error) {
    if (signal.aborted) return;
    const known = error instanceof GatewayError ? error : undefined;
    if (!known) log.error({ err: error, server: ask.server }, 'a request of another replica failed');
    await say({ kind: 'failed', code: known?.code ?? 'mcp_stream_lost', headers: known?.headers ?? {} });
  }
}

const factsOf = ({ server, tool, breach, fault }: McpFacts): SentPiece['facts'] => ({
  server,
  tool,
  breach,
  fault,
});
