import {
  ProtocolError as ClientProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
} from '@modelcontextprotocol/client';
import { ProtocolError, type Result } from '@modelcontextprotocol/server';
import { StoreUnavailable } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { failureBeforeAnswer } from '../../upstream/failure.ts';
import { rpcError } from '../rpc.ts';
import type { HostCaller } from '../server.ts';

/**
 * What went wrong on this side of a server, or between it and here; undefined: the server has answered with an error of its
 * own, which is its client's to read. What an answer that was no message held is nobody's: it may be a page with anything in it.
 */
function faultOf(error: unknown): GatewayError | undefined {
  if (error instanceof GatewayError) return error;
  if (error instanceof StoreUnavailable) return new GatewayError('store_unavailable', { cause: error });
  if (error instanceof ProtocolError || error instanceof ClientProtocolError) return undefined;
  if (error instanceof SdkHttpError)
    return new GatewayError('mcp_answer_invalid', { cause: new Error(`status ${error.status}`) });
  if (error instanceof SdkError) {
    if (error.code === SdkErrorCode.ConnectionClosed)
      return new GatewayError('upstream_reset', { cause: error });
    // Of what a client may do the package's own checks: not every server can everything.
    if (error.code === SdkErrorCode.CapabilityNotSupported) return undefined;
    return new GatewayError('mcp_answer_invalid', { cause: error });
  }
  // It is nested more deeply than can be walked.
  if (error instanceof RangeError) return new GatewayError('mcp_answer_invalid', { cause: error });
  if (!(error instanceof Error)) return undefined;
  // Of the network and of undici each has a code; without one it is a mistake of ours.
  const isOfNetwork = 'code' in error || error.cause instanceof Error;
  return new GatewayError(isOfNetwork ? failureBeforeAnswer(error) : 'internal', { cause: error });
}

/** An error of the gateway's as a host says it. */
export function asProtocolError(error: GatewayError): ProtocolError {
  const { code, message, data } = rpcError(error, null, '').error;
  return new ProtocolError(code, message, data);
}

/**
 * Does what a request asks for. Why that can't be done is said in the words of the protocol, and noted: the answer as such is
 * a success of HTTP, and would be taken for one.
 */
export async function noted(
  { asker: { mcp } }: Pick<HostCaller, 'asker'>,
  { signal, log }: { signal: AbortSignal; log: Logger },
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const fault = signal.aborted ? undefined : faultOf(error);
    if (!fault) throw error;
    if (fault.code === 'internal') log.error({ err: error }, 'a request could not be served by a host');
    if (mcp) mcp.fault = fault.code;
    throw asProtocolError(fault);
  }
}
