import type { Tool } from '@modelcontextprotocol/server';
import type { McpServer } from '../server.ts';
import { Link } from './link.ts';

const GATEWAY = { name: 'hypercare-gateway', version: '1.0.0' };

/** All tools of a server, asked with the gateway's own credentials on a connection of its own. @throws GatewayError */
export async function listTools(server: McpServer): Promise<Tool[]> {
  const link = await Link.open(server, { principal: '', capabilities: {}, info: GATEWAY, asks: false });
  try {
    if (link.client.getServerCapabilities()?.tools === undefined) return [];
    const options = { cacheMode: 'bypass', timeout: server.config.timeouts.response } as const;
    return (await link.client.listTools(undefined, options)).tools as Tool[];
  } finally {
    await link.close();
  }
}
