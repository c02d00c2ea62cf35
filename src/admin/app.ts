import type { FastifyInstance } from 'fastify';
import fastify from 'fastify';
import { GatewayError } from '../errors/gateway-error.ts';
import { renderError } from '../errors/render.ts';
import { newRequestId } from '../lib/request-id.ts';
import type { Registry } from '../telemetry/metrics.ts';

export interface AdminPorts {
  metrics: Registry;
  probe(path: string): { status: number; body: string } | null;
}

/** The admin listener: what operators and their tools ask, never on the public one. */
export function buildAdmin(ports: AdminPorts): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.get('/metrics', async (_request, reply) => {
    reply.header('content-type', ports.metrics.contentType);
    return ports.metrics.metrics();
  });
  for (const path of ['/livez', '/readyz']) {
    app.get(path, (_request, reply) => {
      const probe = ports.probe(path) ?? { status: 404, body: '' };
      reply.code(probe.status).type('text/plain').send(probe.body);
    });
  }
  app.setNotFoundHandler((_request, reply) => {
    const { contentType, body } = renderError(new GatewayError('route_not_found'), 'problem', newRequestId());
    reply.code(404).type(contentType).send(Buffer.from(body));
  });
  return app;
}
