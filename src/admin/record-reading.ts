import type { FastifyRequest } from 'fastify';
import type { Audit, AuditEntry } from './audit.ts';

/**
 * Who has read what people wrote, or models answered them, is known afterwards.
 * @param action the operation's name in the API's description
 */
export const recordReading = (
  audit: Audit,
  request: FastifyRequest,
  action: string,
  { path, details }: Pick<AuditEntry, 'path' | 'details'>,
): Promise<void> =>
  audit.record({
    by: request.operator?.name ?? '',
    from: request.socket.remoteAddress ?? '',
    action,
    method: request.method,
    path,
    status: 200,
    outcome: 'ok',
    details,
    requestId: String(request.id),
  });
