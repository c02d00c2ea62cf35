import {
  Client,
  SdkHttpError,
  StreamableHTTPClientTransport,
  UnsupportedProtocolVersionError,
} from '@modelcontextprotocol/client';
import type { McpRevision } from '../../config/schema/mcp.ts';
import { fetchThrough } from '../hosted/fetch-through.ts';
import type { McpServer } from '../server.ts';

/** Servers that were asked, and what they do not speak. */
const known = new WeakMap<McpServer, Map<McpRevision, boolean>>();

/** Statuses with which servers refuse what they can't read. Others (busy, away, not for you) say nothing of revisions. */
const REFUSALS: ReadonlySet<number> = new Set([400, 404, 405, 406, 415, 422]);

/** Whether the status of an answer may come of the revision. */
export const mayBeOfRevision = (status: number): boolean => REFUSALS.has(status);

/**
 * Whether a server that has refused a message of a revision does not speak it at all. Then it is served by the host from now
 * on. It is asked once: with the package's own client, which knows what every kind of refusal means. What it does not answer
 * clearly is asked again.
 */
export async function isOfOtherRevision(server: McpServer, era: McpRevision): Promise<boolean> {
  if (server.upstream === undefined || server.config.revisions !== undefined) return false;
  const answers = known.get(server) ?? new Map<McpRevision, boolean>();
  known.set(server, answers);
  const before = answers.get(era);
  if (before !== undefined) return before;
  const isOther = era === '2026-07-28' ? await isOld(server) : await isNew(server);
  if (isOther === undefined) return false;
  answers.set(era, isOther);
  if (isOther) server.hosted.add(era);
  return isOther;
}

/** Whether it falls back to 2025-11-25; undefined: it does not say. */
async function isOld(server: McpServer): Promise<boolean | undefined> {
  const spoken = await connected(server, 'auto');
  return spoken instanceof Error ? undefined : spoken !== 'modern';
}

/** Whether it refuses 2025-11-25, and speaks 2026-07-28; undefined: it does not say. */
async function isNew(server: McpServer): Promise<boolean | undefined> {
  const old = await connected(server, 'legacy');
  if (!(old instanceof Error)) return false;
  const isRefusal =
    old instanceof UnsupportedProtocolVersionError ||
    (old instanceof SdkHttpError && mayBeOfRevision(old.status));
  if (!isRefusal) return undefined;
  return (await connected(server, { pin: '2026-07-28' })) instanceof Error ? undefined : true;
}

/** What it speaks when it is asked so, or why it can't be told. */
async function connected(
  server: McpServer,
  mode: 'auto' | 'legacy' | { pin: '2026-07-28' },
): Promise<'modern' | 'legacy' | Error> {
  const client = new Client(
    { name: 'hypercare-gateway', version: '1.0.0' },
    { versionNegotiation: { mode } },
  );
  const transport = new StreamableHTTPClientTransport(new URL(server.config.url as string), {
    fetch: fetchThrough(server),
  });
  try {
    await client.connect(transport, { timeout: server.config.timeouts.response });
    const isModern = client.getProtocolEra() === 'modern';
    if (!isModern) await transport.terminateSession().catch(() => undefined);
    return isModern ? 'modern' : 'legacy';
  } catch (error) {
    return error as Error;
  } finally {
    await client.close();
  }
}
