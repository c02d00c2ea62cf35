import type { Exchange } from '../contracts/exchange.ts';
import { ERRORS } from '../errors/table.ts';
import { httpStatusOfGrpc } from '../lib/grpc-status.ts';

/**
 * The status of HTTP by which an exchange is judged. That of a gRPC call stands in its end, behind a 200: where the
 * gateway has refused it, it is the error's own, which gRPC has fewer words for.
 */
export function effectiveStatus({
  status,
  grpcStatus,
  reason,
}: Pick<Exchange, 'status' | 'grpcStatus' | 'reason'>): number {
  if (grpcStatus <= 0 || status !== 200) return status;
  const own = Object.hasOwn(ERRORS, reason) ? ERRORS[reason as keyof typeof ERRORS].status : 0;
  return own === 0 ? httpStatusOfGrpc(grpcStatus) : own;
}
