import { GatewayError } from '../../errors/gateway-error.ts';
import type { McpHost } from '../server.ts';
import { AnswerWriter } from './answer-writer.ts';
import { claim } from './claim.ts';
import type { ReplicaPorts } from './replica-ports.ts';
import type { Ask } from './wire.ts';

/**
 * Does here what another replica was asked for, unless that one has given it up meanwhile.
 * @param host absent: there is none of this name here
 * @throws StoreUnavailable
 */
export async function serveAsk(
  ask: Ask,
  host: McpHost | undefined,
  ports: Pick<ReplicaPorts, 'documents' | 'logs' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  if (!(await claim(ports.documents, ask.id))) return;
  const mcp = ask.mcp && { ...ask.mcp };
  const writer = new AnswerWriter(ports, ask.id, { facts: () => mcp, signal });
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
    await writer.write({ kind: 'head', status: answer.status, headers: Object.fromEntries(answer.headers) });
    if (answer.body) await writer.writeBody(answer.body);
    await writer.write({ kind: 'end' });
  } catch (error) {
    if (signal.aborted) return;
    const known = error instanceof GatewayError ? error : undefined;
    if (!known) ports.log.error({ err: error, server: ask.server }, 'a request of another replica failed');
    const { code = 'mcp_stream_lost', headers = {} } = known ?? {};
    await writer.write({ kind: 'failed', code, headers });
  }
}
