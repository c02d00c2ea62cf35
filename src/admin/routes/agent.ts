import type { FastifyReply } from 'fastify';
import type { Agent } from '../agent/agent-server.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

/** `/mcp` of the admin listener. The protocol's package takes 20 MB and a tenth of a start: it is loaded for who asks. */
export function agentRoutes(app: AdminApp, ports: AdminPorts): void {
  let opened: Promise<Agent> | undefined;
  const open = async (): Promise<Agent> => {
    const { openAgent } = await import('../agent/agent-server.ts');
    return openAgent(app, ports);
  };
  app.addHook('onClose', async () => {
    await (await opened)?.close();
  });
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    config: { right: 'read', isConversation: true },
    schema: { hide: true },
    async handler(request, reply: FastifyReply) {
      opened ??= open();
      return (await opened).answer(request, reply);
    },
  });
}
