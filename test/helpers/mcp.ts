import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import {
  type EverythingHttp,
  type EverythingOptions,
  everythingHttp,
} from '../fixtures/mcp/everything-http.ts';

/** All of the server for everybody. */
export const OPEN = [{ anyone: true, tools: ['*'], prompts: ['*'], resources: ['*'] }];

/** A server with everything, closed when the test is over. */
export async function mcpServer(options: EverythingOptions = {}): Promise<EverythingHttp> {
  const server = await everythingHttp(options);
  onTestFinished(() => server.close());
  return server;
}

export interface ClientOptions {
  key?: string;
  /** Whom it says that it asks for. */
  user?: string;
  /** Speaks the older revision. */
  legacy?: boolean;
}

/** A connected client of the package 2.x that can be asked everything; closed when the test is over. */
export async function mcpClient(
  url: string,
  { key, user, legacy = false }: ClientOptions = {},
): Promise<Client> {
  const headers = {
    ...(key !== undefined && { 'x-api-key': key }),
    ...(user !== undefined && { 'x-user-id': user }),
  };
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    {
      capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
      versionNegotiation: { mode: legacy ? 'legacy' : 'auto' },
    },
  );
  client.setRequestHandler('elicitation/create', async () => ({
    action: 'accept',
    content: { name: 'Ada', response: 'yes', ok: true },
  }));
  client.setRequestHandler('sampling/createMessage', async () => ({
    model: 'none',
    role: 'assistant',
    content: { type: 'text', text: 'Paris' },
  }));
  client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///work' }] }));
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers },
    reconnectionOptions: {
      initialReconnectionDelay: 50,
      maxReconnectionDelay: 500,
      reconnectionDelayGrowFactor: 1.5,
      maxRetries: 20,
    },
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return client;
}

export interface RoundRobin {
  readonly url: string;
  /** The target of each request so far. */
  readonly went: string[];
  /** Sends nothing to this one any more. */
  remove(target: string): void;
}

/** A balancer that knows nothing of sessions: each request goes to the next target. */
export async function roundRobin(targets: readonly string[]): Promise<RoundRobin> {
  const open = [...targets];
  const went: string[] = [];
  let next = 0;
  const server: Server = createServer((request, response) => {
    const target = open[next++ % open.length] as string;
    went.push(target);
    const call = httpRequest(`${target}${request.url}`, {
      method: request.method,
      headers: request.headers,
      agent: false,
    });
    call.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    call.on('error', () => response.destroy());
    response.on('close', () => call.destroy());
    request.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    went,
    remove: (target) => void open.splice(open.indexOf(target), 1),
  };
}
