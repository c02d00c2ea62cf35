import type { AdminApp, AdminPorts } from '../ports.ts';

/** Without a token, so that every scraper can read them; they hold names of the config, and no secret. */
export function metricsRoutes(app: AdminApp, { metrics }: Pick<AdminPorts, 'metrics'>): void {
  app.get(
    '/metrics',
    {
      config: { isOpen: true },
      schema: { operationId: 'getMetrics', tags: ['process'], summary: 'Prometheus metrics', security: [] },
    },
    async (_request, reply) => {
      reply.header('content-type', metrics.contentType);
      return metrics.metrics();
    },
  );
}
