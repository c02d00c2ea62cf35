import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { ERRORS, type ErrorCode } from '../../errors/table.ts';
import type { AskApi } from './agent-tools.ts';

const JSON_TYPE = 'application/json';

/** The day in figures, and what each reason means to whoever is on call. */
export function registerResources(server: McpServer, ask: AskApi, has: (url: string) => boolean): void {
  server.registerResource(
    'daily',
    'hypercare://reports/daily',
    {
      title: 'The last day',
      description: 'Status, spend, changes of state and findings of the last day.',
      mimeType: JSON_TYPE,
    },
    async ({ href }) => {
      const parts = ['/api/status', '/api/usage', '/api/changes?limit=200', '/api/findings'];
      const there = parts.filter((url) => has(url.replace(/\?.*/, '')));
      const read = await Promise.all(there.map(async (url) => [url, (await ask('GET', url)).body] as const));
      return {
        contents: [{ uri: href, mimeType: JSON_TYPE, text: JSON.stringify(Object.fromEntries(read)) }],
      };
    },
  );
  server.registerResource(
    'runbook',
    new ResourceTemplate('hypercare://runbooks/{reason}', {
      list: async () => ({
        resources: Object.keys(ERRORS).map((reason) => ({
          uri: `hypercare://runbooks/${reason}`,
          name: reason,
        })),
      }),
    }),
    {
      title: 'Runbooks',
      description: 'What a reason in log, metrics and findings means, and what to look at.',
      mimeType: 'text/markdown',
    },
    async ({ href }, { reason }) => {
      const code = String(reason);
      if (!Object.hasOwn(ERRORS, code)) throw new Error(`there is no reason ${code}`);
      return { contents: [{ uri: href, mimeType: 'text/markdown', text: runbook(code as ErrorCode) }] };
    },
  );
}

function runbook(code: ErrorCode): string {
  const { status, retryable, text } = ERRORS[code];
  const answer = status === 0 ? 'The answer had begun already.' : `Answered with status ${status}.`;
  const again = retryable ? 'Sending it again may help.' : 'Sending it again as it is does not help.';
  const where = code.startsWith('mcp_')
    ? 'list_mcp_tools, list_mcp_sessions'
    : 'list_upstreams, explain_request';
  return `# ${code}\n\n${text}\n\n${answer} ${again}\n\nLook at: list_changes (what changed before it began), ${where}.\n`;
}
