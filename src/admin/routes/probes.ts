import type { AdminApp, AdminPorts } from '../ports.ts';

/** What orchestrators ask, here as on the public listener. */
export function probeRoutes(app: AdminApp, { probe }: Pick<AdminPorts, 'probe'>): void {
  for (const [path, operationId, summary] of [
    ['/livez', 'getLiveness', 'Whether the process answers'],
    ['/readyz', 'getReadiness', 'Whether it serves and is not about to stop'],
  ] as const) {
    const schema = { operationId, tags: ['process'], summary, security: [] };
    app.get(path, { config: { isOpen: true }, schema }, (_request, reply) => {
      const answer = probe(path) ?? { status: 404, body: '' };
      reply.code(answer.status).type('text/plain').send(answer.body);
    });
  }
}
