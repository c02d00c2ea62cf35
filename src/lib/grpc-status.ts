import type { IncomingHttpHeaders } from 'node:http';

/** `grpc-status` by its number, as a status of HTTP: Envoy's table (source/common/grpc/status.cc, grpcToHttpStatus). */
const HTTP: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];
const UNKNOWN = 2;
const UNIMPLEMENTED = 12;

/** What a gRPC call is by its status in terms of HTTP: 503 for UNAVAILABLE, 500 for one that nobody knows. */
export const httpStatusOfGrpc = (status: number): number => HTTP[status] ?? 500;

/** Whether a message is one of gRPC: by its content type, as gRPC's own servers and clients tell. */
export const isGrpc = (headers: Readonly<Record<string, unknown>>): boolean => {
  const type = headers['content-type'];
  return typeof type === 'string' && type.startsWith('application/grpc');
};

/** The status in the fields of an answer's head or end; -1: none is there. One that is no number is UNKNOWN. */
export function grpcStatusIn(fields: IncomingHttpHeaders): number {
  const field = fields['grpc-status'];
  if (field === undefined) return -1;
  return typeof field === 'string' && /^\d{1,9}$/.test(field) ? Number(field) : UNKNOWN;
}

/**
 * How a gRPC call ended that an upstream answered in gRPC. What else it may have answered is no end of a call: every
 * client can call its request one, and would choose what counts against an upstream that has nothing to do with gRPC.
 * @param http the answer's status of HTTP
 * @param inHead status in its head, -1: none
 * @param trailers what came behind its body
 * @returns -1 where the answer is none of gRPC's and its HTTP status says enough; UNKNOWN where a 200 ends without a
 * status, as clients take it
 */
export function grpcEnd(http: number, inHead: number, trailers: IncomingHttpHeaders): number {
  const inTrailers = grpcStatusIn(trailers);
  if (inTrailers >= 0) return inTrailers;
  if (inHead >= 0) return inHead;
  return http === 200 ? UNKNOWN : -1;
}

/**
 * Whether a call that ended so counts against who answered it: as Envoy counts, but for UNIMPLEMENTED. That is what any
 * client gets that asks for a method which isn't there, and it could take every target from all others with it.
 */
export const isFailedGrpc = (status: number): boolean =>
  status !== UNIMPLEMENTED && httpStatusOfGrpc(status) >= 500;
