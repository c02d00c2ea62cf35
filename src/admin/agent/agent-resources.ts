import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { AskApi } from './agent-tools.ts';
import { type OpenFinding, RUNBOOKS, runbookOf } from './runbooks.ts';

const MARKDOWN = 'text/markdown';
/** Entries of the knowledge base that are listed. */
const LISTED = 200;

const REPORTS = [
  ['daily', 'The last day', 'What happened in the last 24 hours, and how it stands.'],
  [
    'handover',
    'Handover',
    'For whoever takes over: as it runs, alert rules, known issues, runbooks, contacts.',
  ],
] as const;

interface Learnt {
  readonly id: string;
  readonly title: string;
  readonly symptom: string;
  readonly place: string;
  readonly cause: { readonly sentence: string };
  readonly fix: string;
  readonly proof: string;
  readonly notes: readonly string[];
}

/** The reports, what each reason means to whoever is on call, and what was done about it before. */
export function registerResources(server: McpServer, ask: AskApi, has: (url: string) => boolean): void {
  for (const [name, title, description] of REPORTS) {
    const url = `/api/reports/${name}`;
    if (!has(url)) continue;
    server.registerResource(
      name,
      `hypercare://reports/${name}`,
      { title, description, mimeType: MARKDOWN },
      async ({ href }) => ({
        contents: [{ uri: href, mimeType: MARKDOWN, text: await read(ask, url, String) }],
      }),
    );
  }
  if (has('/api/knowledge')) registerKnowledge(server, ask);
  registerRunbooks(server, ask, has);
}

function registerRunbooks(server: McpServer, ask: AskApi, has: (url: string) => boolean): void {
  const open = (): Promise<readonly OpenFinding[]> =>
    has('/api/findings')
      ? read(
          ask,
          `/api/findings?state=active&limit=${LISTED}`,
          (body) => (body as { findings: OpenFinding[] }).findings,
        )
      : Promise.resolve([]);
  server.registerResource(
    'runbook',
    new ResourceTemplate('hypercare://runbooks/{reason}', {
      list: async () => ({
        resources: RUNBOOKS.map((name) => ({ uri: `hypercare://runbooks/${name}`, name })),
      }),
    }),
    {
      title: 'Runbooks',
      description:
        'By the reason or the detector of a finding: what it means, whose matter it is, what is open, what to look at and to do.',
      mimeType: MARKDOWN,
    },
    async ({ href }, { reason }) => {
      const name = String(reason);
      const text = runbookOf(name, await open());
      if (text === undefined)
        throw new Error(`there is no runbook ${name}: take the finding’s detector where its reason has none`);
      return { contents: [{ uri: href, mimeType: MARKDOWN, text }] };
    },
  );
}

/** @throws Error: the API refuses it, in its words */
async function read<T>(ask: AskApi, url: string, as: (body: unknown) => T): Promise<T> {
  const { status, body } = await ask('GET', url);
  if (status < 400) return as(body);
  throw new Error(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Runbooks that the field has written: of findings that were resolved. */
function registerKnowledge(server: McpServer, ask: AskApi): void {
  const all = (): Promise<Learnt[]> =>
    read(ask, `/api/knowledge?limit=${LISTED}`, (body) => (body as { entries: Learnt[] }).entries);
  server.registerResource(
    'knowledge',
    new ResourceTemplate('hypercare://knowledge/{id}', {
      list: async () => ({
        resources: (await all()).map(({ id, title }) => ({
          uri: `hypercare://knowledge/${encodeURIComponent(id)}`,
          name: id,
          title,
        })),
      }),
    }),
    {
      title: 'What was done before',
      description: 'A finding that was resolved: symptom, cause, fix and proof.',
      mimeType: MARKDOWN,
    },
    async ({ href }, { id }) => {
      const wanted = decodeURIComponent(String(id));
      const entry = (await all()).find((each) => each.id === wanted);
      if (!entry) throw new Error(`there is nothing of this name: ${wanted}`);
      return { contents: [{ uri: href, mimeType: MARKDOWN, text: learnt(entry) }] };
    },
  );
}

function learnt({ title, symptom, place, cause, fix, proof, notes }: Learnt): string {
  const parts = [
    ['Symptom', symptom],
    ['Place', place],
    ['Cause', cause.sentence],
    ['Fix', fix],
    ['Proof', proof],
    ['Notes', notes.join('\n\n')],
  ];
  const said = parts.filter(([, text]) => text !== '').map(([name, text]) => `## ${name}\n\n${text}`);
  return `# ${title}\n\n${said.join('\n\n')}\n`;
}
