import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { differences, WHOLE } from '../../mcp/pins/differences.ts';
import { type AskApi, resultOf } from './agent-tools.ts';
import type { Confirmed, Preview } from './confirmation.ts';

const Operation = z.object({
  op: z.enum(['add', 'replace', 'test', 'remove', 'move', 'copy']),
  path: z.string(),
  from: z.string().optional(),
  value: z.unknown().optional(),
});
const Patch = z.object({
  patch: z.array(Operation).min(1).describe('RFC 6902, against the config as it is written.'),
  note: z.string().max(500).optional().describe('Why; kept with the revision.'),
});

/** Tools that change something: each shows what it would do, and does it once a person has said yes. */
export function registerActions(server: McpServer, ask: AskApi, confirmed: Confirmed): void {
  const dryRun = async (url: string, body: object | undefined) => {
    const { etag } = await ask('GET', '/api/config');
    const answer = await ask('POST', `${url}?dryRun=true`, { ifMatch: etag, ...(body && { body }) });
    return { answer, etag };
  };

  const previewOf = (title: string, url: string, body: object | undefined) => async () => {
    const { answer, etag } = await dryRun(url, body);
    if (answer.status >= 400) return { refusal: resultOf(answer) };
    const lines = diffOf(answer.body);
    if (lines.length > MOST_LINES) return { refusal: tooLong(lines.length) };
    return { words: `${title}\n${lines.join('\n') || 'Nothing would differ.'}`, etag };
  };

  server.registerTool(
    'preview_config_patch',
    {
      description: 'What a change of the config would do: validated and built, and nothing is changed.',
      inputSchema: Patch,
      annotations: { readOnlyHint: true },
    },
    async (body) => resultOf((await dryRun('/api/revisions', body)).answer),
  );
  server.registerTool(
    'apply_config_patch',
    { description: 'Changes the config, once a person has confirmed the difference.', inputSchema: Patch },
    (body, context) =>
      confirmed(
        context,
        body,
        previewOf('Apply this change of the config?', '/api/revisions', body),
        async (ifMatch) => resultOf(await ask('POST', '/api/revisions', { ifMatch, body })),
      ),
  );
  server.registerTool(
    'preview_roll_back',
    {
      description: 'What going back to a revision of the config would change; nothing is changed.',
      inputSchema: z.object({ revision: z.int().min(1) }),
      annotations: { readOnlyHint: true },
    },
    async ({ revision }) => resultOf((await dryRun(`/api/revisions/${revision}/apply`, undefined)).answer),
  );
  server.registerTool(
    'roll_back',
    {
      description:
        'Puts an earlier revision of the config into service again, once a person has confirmed it.',
      inputSchema: z.object({ revision: z.int().min(1) }),
    },
    ({ revision }, context) => {
      const url = `/api/revisions/${revision}/apply`;
      const title = `Go back to revision ${revision}?`;
      return confirmed(context, { revision }, previewOf(title, url, undefined), async (ifMatch) =>
        resultOf(await ask('POST', url, { ifMatch })),
      );
    },
  );
  server.registerTool(
    'approve_mcp_tool',
    {
      description:
        'Takes a changed tool of an MCP server back into use, once a person has confirmed its new definition.',
      inputSchema: z.object({ server: z.string(), tool: z.string(), sha256: z.string() }),
    },
    (pin, context) =>
      confirmed(
        context,
        pin,
        () => changeOf(ask, pin),
        async () => resultOf(await ask('POST', '/api/mcp/tools/approve', { body: pin })),
      ),
  );
}

interface Pinned {
  readonly server: string;
  readonly tool: string;
  readonly definition: unknown;
  readonly changed: { readonly sha256: string; readonly definition: unknown } | null;
}

/** How a tool differs from what it was, for who is to trust it: nobody can by its digest. */
async function changeOf(
  ask: AskApi,
  { server, tool, sha256 }: { server: string; tool: string; sha256: string },
): Promise<Preview> {
  const answer = await ask('GET', '/api/mcp/tools');
  if (answer.status >= 400) return { refusal: resultOf(answer) };
  const { items } = answer.body as { items: Pinned[] };
  const pin = items.find((each) => each.server === server && each.tool === tool);
  const change = pin?.changed;
  if (change?.sha256 !== sha256) {
    const now = change ? `its change is ${change.sha256}` : 'it has not changed';
    const text = `${tool} of ${server} can’t be approved as ${sha256}: ${now}. See list_mcp_tools.`;
    return { refusal: { isError: true, content: [{ type: 'text', text }] } };
  }
  const lines = differences(pin?.definition, change.definition, WHOLE);
  if (lines.length > MOST_LINES || lines.join('').length > MOST_CHARACTERS) {
    const text =
      'It differs by more than a person can confirm here: look at it in list_mcp_tools, and approve it by POST /api/mcp/tools/approve.';
    return { refusal: { isError: true, content: [{ type: 'text', text }] } };
  }
  const words = `Trust ${tool} of ${server} as it is now (${sha256})? It differs so:\n${lines.join('\n')}`;
  return { words, etag: '' };
}

const SIGNS: Readonly<Record<string, string>> = { added: '+', removed: '-' };

/** Lines that a person reads before saying yes. */
const MOST_LINES = 200;
const MOST_CHARACTERS = 20_000;

/** A part of it would hide the rest from who confirms it. */
const tooLong = (lines: number) => ({
  isError: true,
  content: [
    {
      type: 'text' as const,
      text: `${lines} lines would differ, and a person can confirm ${MOST_LINES} here: make the change in parts, or in the console.`,
    },
  ],
});

/** The lines that differ. */
function diffOf(body: unknown): string[] {
  const { diff = [] } = body as { diff?: { kind: string; text: string }[] };
  return diff.flatMap(({ kind, text }) => (SIGNS[kind] === undefined ? [] : [`${SIGNS[kind]} ${text}`]));
}
