import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { type AskApi, resultOf } from './agent-tools.ts';
import type { Confirmed } from './confirmation.ts';

const Id = z.string().min(1).max(64).describe('Of the finding, as list_findings has it.');
const Which = z.object({ id: Id, action: z.int().min(0).describe('The `n` of the action in show_finding.') });

interface Step {
  readonly patch: readonly { readonly op: string; readonly path: string; readonly value?: unknown }[];
  readonly call: object | null;
}
interface Action {
  readonly n: number;
  readonly title: string;
  readonly does: Step;
  readonly dryRun: { readonly ok: boolean; readonly problem: string };
  readonly risk: string;
}

/** Tools that do something about a finding: it is taken on at once, an action is done once a person has said yes. */
export function registerFindingActions(server: McpServer, ask: AskApi, confirmed: Confirmed): void {
  const pathOf = (id: string): string => `/api/findings/${encodeURIComponent(id)}`;

  server.registerTool(
    'acknowledge_finding',
    {
      description: 'Takes a finding on: it is open no more, and everybody sees who looks after it.',
      inputSchema: z.object({ id: Id, note: z.string().max(2000).optional() }),
    },
    async ({ id, note }) =>
      resultOf(await ask('POST', `${pathOf(id)}/acknowledge`, { body: note === undefined ? {} : { note } })),
  );

  const actionOf = async (id: string, n: number) => {
    const finding = await ask('GET', pathOf(id));
    if (finding.status >= 400) return { refused: resultOf(finding) };
    const { sentence, actions } = finding.body as { sentence: string; actions: Action[] };
    const action = actions.find((each) => each.n === n);
    if (!action) return { refused: refusal(`The finding has no action ${n}.`) };
    if (!action.dryRun.ok) return { refused: refusal(`It can’t be done: ${action.dryRun.problem}`) };
    return { action, words: `${action.title}?\n${sentence}\n${wordsOf(action)}` };
  };

  server.registerTool(
    'preview_finding_action',
    {
      description:
        'What an action that a finding offers would do, as a person would be asked; nothing is done.',
      inputSchema: Which,
      annotations: { readOnlyHint: true },
    },
    async ({ id, action: n }) => {
      const found = await actionOf(id, n);
      return found.refused ?? { content: [{ type: 'text', text: found.words }] };
    },
  );
  server.registerTool(
    'apply_finding_action',
    {
      description:
        'Does an action that a finding offers, once a person has confirmed what it does; the traffic proves it, or it is taken back.',
      inputSchema: Which,
    },
    async ({ id, action: n }, context) => {
      const found = await actionOf(id, n);
      if (found.refused) return found.refused;
      const { action, words } = found;
      // With what it does: another action that has taken its number meanwhile is not done with it.
      return confirmed(
        context,
        { id, n, does: action.does },
        async () => ({ words, etag: (await ask('GET', '/api/config')).etag }),
        async (ifMatch) =>
          resultOf(await ask('POST', `${pathOf(id)}/actions/${n}/apply`, { ifMatch, body: {} })),
      );
    },
  );
}

const refusal = (text: string) => ({ isError: true, content: [{ type: 'text' as const, text }] });

function wordsOf({ does: { patch, call }, risk }: Action): string {
  const lines = patch.map(({ op, path, value }) =>
    value === undefined ? `${op} ${path}` : `${op} ${path}: ${JSON.stringify(value)}`,
  );
  if (call) lines.push(JSON.stringify(call));
  return [...lines.slice(0, 100), `Risk: ${risk}.`].join('\n');
}
