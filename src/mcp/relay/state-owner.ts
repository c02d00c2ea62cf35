import { parseExact } from '../../lib/exact-json.ts';
import type { MessageCall } from '../call.ts';
import { canonicalDigest } from '../pins/canonical.ts';
import type { McpServer } from '../server.ts';
import type { StateOwner } from '../state-seal.ts';

/**
 * Whose the states of a call are: they fit no other server, principal, method, name or arguments. Who was asked about one
 * thing must not have another done with the answer.
 */
export function stateOwner(
  { name }: McpServer,
  { inbound, principal }: MessageCall,
  subject: string,
): StateOwner {
  // Read once more, as numbers that this language can't hold belong to the arguments, too.
  const { params } = parseExact(inbound.text) as { params?: Record<string, unknown> };
  const { requestState: _state, inputResponses: _responses, _meta, ...asked } = params ?? {};
  return { server: name, principal, operation: `${inbound.method} ${subject} ${canonicalDigest(asked)}` };
}
