import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import { failureInAnswer } from '../../upstream/failure.ts';

/**
 * A body that is one message, whole.
 * @param most bytes
 * @throws GatewayError: it is larger, or breaks
 */
export async function readWhole({ body }: UpstreamAnswer, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of body) {
      size += (part as Buffer).length;
      // Leaving the loop destroys the body, and ends the call.
      if (size > most) throw new GatewayError('mcp_result_too_large');
      parts.push(part as Buffer);
    }
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError(failureInAnswer(error), { cause: error });
  }
  return Buffer.concat(parts);
}
