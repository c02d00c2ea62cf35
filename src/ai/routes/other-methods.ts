import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors/gateway-error.ts';

/** Refuses every other method of a path that is ours: it is neither unknown nor a wider route's (`/v1/*`). */
export function refuseOtherMethods(scope: FastifyInstance, url: string, ...allowed: string[]): void {
  const allow = allowed.join(', ');
  scope.route({
    method: scope.supportedMethods.filter((method) => !allowed.includes(method)),
    url,
    // Before the body is looked at, and after the policies.
    onRequest: (_request, _reply, done) =>
      done(new GatewayError('method_not_allowed', { headers: { allow } })),
    handler: () => undefined,
  });
}
