import type { Tool } from '@modelcontextprotocol/server';
import type { McpServer } from '../server.ts';
import { Link } from './link.ts';
import { listAll } from './lists.ts';

const GATEWAY = { name: 'hypercare-gateway', version: '1.0.0' };

/** All tools of a server, asked with the gateway's own credentials on a connection of its own. @throws GatewayError */
export async function listTools(server: McpServer): Promise<Tool[]> {
  const link = await Link.open(server, { principal: '', capabilities: {}, info: GATEWAY, asks: false });
  try {
    if (link.client.getServerCapabilities()?.tools === undefined) return [];
    const tools = await listAll(link.client, 'tools/list', server.config.timeouts.response);
    return tools as unknown as Tool[];
  } finally {
    await link.close();
  }
}
