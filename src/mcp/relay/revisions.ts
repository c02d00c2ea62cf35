import {
  Client,
  SdkError,
  StreamableHTTPClientTransport,
  UnsupportedProtocolVersionError,
} from '@modelcontextprotocol/client';
import type { McpRevision } from '../../config/schema/mcp.ts';
import { fetchThrough } from '../hosted/fetch-through.ts';
import type { McpServer } from '../server.ts';

/** Servers that were asked, and what they do not speak. */
const known = new WeakMap<McpServer, Map<McpRevision, boolean>>();

/**
 * Whether a server that has refused a message of a revision does not speak it at all. Then it is served by the host from now
 * on. It is asked once: with the package's own client, which knows what every kind of refusal means.
 */
export async function isOfOtherRevision(server: McpServer, era: McpRevision): Promise<boolean> {
  if (server.upstream === undefined || server.config.revisions !== undefined) return false;
  const answers = known.get(server) ?? new Map<McpRevision, boolean>();
  known.set(server, answers);
  const before = answers.get(era);
  if (before !== undefined) return before;
  const client = new Client(
    { name: 'hypercare-gateway', version: '1.0.0' },
    { versionNegotiation: { mode: era === '2026-07-28' ? 'auto' : 'legacy' } },
  );
  const transport = new StreamableHTTPClientTransport(new URL(server.config.url as string), {
    fetch: fetchThrough(server),
  });
  let isOther: boolean;
  try {
    await client.connect(transport, { timeout: server.config.timeouts.response });
    isOther = era === '2026-07-28' && client.getProtocolEra() !== 'modern';
    if (client.getProtocolEra() !== 'modern') await transport.terminateSession().catch(() => undefined);
  } catch (error) {
    // It speaks neither, or is not there: the refusal itself is the answer.
    if (!(error instanceof UnsupportedProtocolVersionError || error instanceof SdkError)) return false;
    isOther = true;
  } finally {
    await client.close();
  }
  answers.set(era, isOther);
  if (isOther) server.hosted.add(era);
  return isOther;
}
