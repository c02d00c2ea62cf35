import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { Slices } from '../../lib/slices.ts';
import { explaining } from '../../server/explain.ts';
import type { AdminPorts } from '../ports.ts';
import type { InnerAnswer } from './inner-calls.ts';

/** Asks the admin API for the agent's operator. */
export type AskApi = (
  method: 'GET' | 'POST',
  url: string,
  rest?: { ifMatch?: string; body?: object },
) => Promise<InnerAnswer>;

const READ_ONLY = { readOnlyHint: true, openWorldHint: false };
const Span = {
  by: z.string().optional().describe('Up to four of model, provider, consumer, …, with commas.'),
  from: z.string().optional().describe('A day or time, inclusive; default a day before `to`.'),
  to: z.string().optional().describe('A day or time, exclusive; default: all until now.'),
};

/** What the API answered as a result: an error says what it says to everybody. */
export function resultOf({ status, body }: InnerAnswer): CallToolResult {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { content: [{ type: 'text', text }], ...(status >= 400 && { isError: true }) };
}

export function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

/** Lists that are read as they are. One that the API does not have is no tool. */
const LISTS = [
  {
    name: 'get_status',
    url: '/api/status',
    description: 'How the gateway is: version, readiness, requests in flight, store.',
  },
  {
    name: 'list_routes',
    url: '/api/routes',
    description: 'Routes with their policies, upstreams and who may use them.',
  },
  {
    name: 'list_upstreams',
    url: '/api/upstreams',
    description: 'Upstreams: the state of each target, breakers, latencies.',
  },
  {
    name: 'list_changes',
    url: '/api/changes',
    description: 'Changes of state, newest first: targets, breakers, revisions, tools, keys.',
    paged: true,
  },
  {
    name: 'list_revisions',
    url: '/api/revisions',
    description: 'Revisions of the config that were applied, newest first.',
    paged: true,
  },
  {
    name: 'list_mcp_sessions',
    url: '/api/mcp/sessions',
    description:
      'Sessions of MCP clients: whose, since when, last used, and whether who keeps them is there.',
    paged: true,
  },
  {
    name: 'list_mcp_tools',
    url: '/api/mcp/tools',
    description: 'Tools of MCP servers as they are pinned, and what differs where one has changed.',
  },
  {
    name: 'get_kpis',
    url: '/api/kpis',
    description: 'How the care does: times to detect and to resolve, availability, objectives, feedback.',
  },
  {
    name: 'get_exit',
    url: '/api/exit',
    description: 'Whether hypercare may end: each criterion with its evidence.',
  },
  {
    name: 'list_audit',
    url: '/api/audit',
    description: 'Who changed what through the admin API, newest first.',
    paged: true,
  },
] as const;

/** Tools that read. @param has whether the API has an endpoint */
export function registerReading(
  server: McpServer,
  ask: AskApi,
  has: (url: string) => boolean,
  { served, slots }: Pick<AdminPorts, 'served' | 'slots'>,
): void {
  for (const list of LISTS) {
    if (!has(list.url)) continue;
    const { name, url, description } = list;
    if ('paged' in list) {
      const inputSchema = z.object({
        limit: z.int().min(1).max(200).optional(),
        after: z.string().optional(),
      });
      server.registerTool(name, { description, inputSchema, annotations: READ_ONLY }, async (query) =>
        resultOf(await ask('GET', url + queryOf(query))),
      );
    } else {
      server.registerTool(name, { description, annotations: READ_ONLY }, async () =>
        resultOf(await ask('GET', url)),
      );
    }
  }
  if (has('/api/findings'))
    server.registerTool(
      'list_findings',
      {
        description: 'Findings: what is wrong or about to be, by priority.',
        inputSchema: z.object({
          state: z.string().optional().describe('active, or states with commas; absent: all.'),
          priority: z.string().optional().describe('P0 to P4, with commas.'),
          place: z.string().optional().describe('A route, upstream, target, model or mcp/SERVER/TOOL.'),
          q: z.string().max(200).optional().describe('Words.'),
          limit: z.int().min(1).max(200).optional(),
          after: z.string().optional(),
        }),
        annotations: READ_ONLY,
      },
      async (query) => resultOf(await ask('GET', `/api/findings${queryOf(query)}`)),
    );
  if (has('/api/findings/:id'))
    server.registerTool(
      'show_finding',
      {
        description:
          'One finding with its evidence, likely cause and what can be done. Its runbook is hypercare://runbooks/REASON, or /DETECTOR.',
        inputSchema: z.object({ id: z.string() }),
        annotations: READ_ONLY,
      },
      async ({ id }) => resultOf(await ask('GET', `/api/findings/${encodeURIComponent(id)}`)),
    );
  if (has('/api/knowledge'))
    server.registerTool(
      'search_knowledge',
      {
        description:
          'What findings that were resolved taught: symptom, cause, fix and proof, the best first.',
        inputSchema: z.object({
          q: z.string().min(1).max(200).optional().describe('Words of the symptom; absent: the newest.'),
          limit: z.int().min(1).max(200).optional(),
        }),
        annotations: READ_ONLY,
      },
      async (query) => resultOf(await ask('GET', `/api/knowledge${queryOf(query)}`)),
    );
  server.registerTool(
    'query_usage',
    {
      description: 'Calls, tokens and cost of models, by whom and what for.',
      inputSchema: z.object(Span),
      annotations: READ_ONLY,
    },
    async (query) => resultOf(await ask('GET', `/api/usage${queryOf(query)}`)),
  );
  server.registerTool(
    'show_revision',
    {
      description:
        'A revision of the config: its text, secrets masked, and its difference from the one before.',
      inputSchema: z.object({ number: z.int().min(1) }),
      annotations: READ_ONLY,
    },
    async ({ number }) => resultOf(await ask('GET', `/api/revisions/${number}`)),
  );
  server.registerTool(
    'explain_request',
    {
      description:
        'Which route would take a request, why the others would not, and which policies it would pass.',
      inputSchema: z.object({
        method: z.string(),
        target: z.string().describe('Path, with its query if it has one.'),
        headers: z.record(z.string(), z.string()).optional(),
      }),
      annotations: READ_ONLY,
    },
    async ({ method, target, headers = {} }) => {
      const steps = explaining(served.loaded.config, slots, {
        method: method.toUpperCase(),
        target,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
        ),
      });
      const { path, refused, route, policies, others } = await new Slices().through(steps);
      const mcp = route?.kind === 'mcp' ? { server: route.server } : {};
      const names = policies.map(({ name }) => name);
      const shown = { path, refused, route: route?.name, ...mcp, policies: names, others };
      return resultOf({ status: 200, etag: '', body: shown });
    },
  );
}
