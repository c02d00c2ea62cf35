import { ProtocolError, type RequestOptions } from '@modelcontextprotocol/client';
import type { Result, Tool } from '@modelcontextprotocol/server';
import { HEADER_MISMATCH } from '../name-header.ts';
import type { Link } from './link.ts';

/**
 * Calls a tool of a server of 2026-07-28, with the headers in which it wants arguments (`x-mcp-header`): the package makes
 * them of the tool's definition. Where that is not known here the server says that they are missing, and is asked for it.
 */
export async function callTool(
  { client, server: { tools } }: Link,
  params: { readonly name: string },
  options: RequestOptions,
): Promise<Result> {
  const ask = (toolDefinition: Tool): Promise<Result> =>
    client.callTool(params, { ...options, toolDefinition }) as Promise<Result>;
  const known = tools.routedBy(params.name);
  try {
    return await ask(known ?? { name: params.name, inputSchema: { type: 'object' } });
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code !== HEADER_MISMATCH) throw error;
    await tools.look();
    const found = tools.routedBy(params.name);
    if (!found || found === known) throw error;
    return ask(found);
  }
}
