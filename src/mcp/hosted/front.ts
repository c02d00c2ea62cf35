import type { Implementation } from '@modelcontextprotocol/client';
import {
  type Result,
  Server,
  type ServerCapabilities,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Link } from './link.ts';

export const NOBODY: Implementation = { name: 'hypercare-gateway', version: '1.0.0' };
/** What may be asked of any server; each says which of it there is. */
const METHODS = {
  tools: ['tools/list', 'tools/call'],
  prompts: ['prompts/list', 'prompts/get'],
  resources: ['resources/list', 'resources/templates/list', 'resources/read'],
  completions: ['completion/complete'],
} as const;
const SUBSCRIPTIONS = ['resources/subscribe', 'resources/unsubscribe'] as const;

/** What a server says of itself when it is connected. */
export interface Told {
  readonly capabilities: ServerCapabilities;
  readonly info: Implementation | undefined;
  readonly instructions: string | undefined;
}

export const toldBy = ({ client }: Link): Told => ({
  capabilities: client.getServerCapabilities() ?? {},
  info: client.getServerVersion(),
  instructions: client.getInstructions(),
});

/** What clients see in the place of servers: it can what any of them can. @param name as configured; '' for all together */
export function frontOf(name: string, told: readonly Told[]): Server {
  const all = told.map(({ capabilities }) => capabilities);
  const capabilities: ServerCapabilities = {
    ...(all.some(({ tools }) => tools) && {
      tools: { listChanged: all.some(({ tools }) => tools?.listChanged) },
    }),
    ...(all.some(({ prompts }) => prompts) && {
      prompts: { listChanged: all.some(({ prompts }) => prompts?.listChanged) },
    }),
    ...(all.some(({ resources }) => resources) && {
      resources: {
        listChanged: all.some(({ resources }) => resources?.listChanged),
        subscribe: all.some(({ resources }) => resources?.subscribe),
      },
    }),
    ...(all.some(({ completions }) => completions) && { completions: {} }),
    ...(all.some(({ logging }) => logging) && { logging: {} }),
  };
  const first = name === '' ? undefined : told[0];
  const info = first?.info ?? NOBODY;
  const instructions = first?.instructions;
  return new Server(info, { capabilities, ...(instructions !== undefined && { instructions }) });
}

/** Has all that clients may ask of a front done by one function. */
export function handleAll(
  front: Server,
  handle: (method: string, params: unknown, context: ServerContext) => Promise<Result>,
): void {
  const there = front.getCapabilities();
  const methods = (Object.keys(METHODS) as (keyof typeof METHODS)[]).flatMap((key) =>
    there[key] === undefined ? [] : [...METHODS[key]],
  );
  for (const method of [...methods, ...(there.resources?.subscribe ? SUBSCRIPTIONS : [])])
    front.setRequestHandler(method, ((request: { params?: unknown }, context: ServerContext) =>
      handle(method, request.params, context)) as never);
}
