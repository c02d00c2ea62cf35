import type { Exchange } from '../contracts/exchange.ts';
import { httpStatusOfGrpc } from '../lib/grpc-status.ts';

/** The status of HTTP by which an exchange is judged: that of a gRPC call stands in its end, behind a 200. */
export const effectiveStatus = ({ status, grpcStatus }: Pick<Exchange, 'status' | 'grpcStatus'>): number =>
  grpcStatus < 0 || status !== 200 ? status : httpStatusOfGrpc(grpcStatus);
