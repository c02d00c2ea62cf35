import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors/gateway-error.ts';
import { isMediaType } from '../lib/media-type.ts';
import type { Gated } from './takers.ts';

/** Why a request is refused that a server behind the gateway might take for another's, which asks for more; undefined: it isn't. */
export function ambiguityOf(
  { isAmbiguous, isOverridden }: Gated,
  request: IncomingMessage,
  path: string,
): GatewayError | undefined {
  if (isAmbiguous?.(path)) return new GatewayError('path_ambiguous');
  return isOverridden?.(request) ? new GatewayError('method_ambiguous') : undefined;
}

/** Methods whose requests have no body that anybody would ask for its type. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'TRACE']);

/** @throws GatewayError: what looks at bodies by their type can't tell what this is, and who is behind it may think that it can */
export function checkMediaType({ method = '', headers }: IncomingMessage): void {
  const type = headers['content-type'];
  if (type !== undefined && !BODILESS.has(method) && !isMediaType(type))
    throw new GatewayError('media_type_unsupported', { cause: 'the Content-Type is no media type' });
}
