import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { KeyProblem } from '../config/consumer-keys.ts';
import { PatchError } from '../config/json-patch.ts';
import { ConfigError } from '../config/problems.ts';
import { StoreUnavailable } from '../contracts/store.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { renderError } from '../errors/render.ts';
import { toGatewayError } from '../server/answer-error.ts';

/** What went wrong in terms of the error table. */
export function adminError(error: unknown): GatewayError {
  if (error instanceof StoreUnavailable) return new GatewayError('store_unavailable', { cause: error });
  if (error instanceof ConfigError)
    return new GatewayError('config_invalid', { problems: error.problems, cause: error });
  if (error instanceof KeyProblem)
    return new GatewayError('key_change_refused', { detail: `Reason: ${error.message}.`, cause: error });
  if (error instanceof PatchError) {
    const { index, path, message } = error;
    return new GatewayError('patch_failed', { problems: [{ index, path, message }], cause: error });
  }
  const { validation, validationContext } = error as Partial<FastifyError>;
  if (validation === undefined) return toGatewayError(error);
  const problems = validation.map(({ instancePath, message, params }) => {
    const { additionalProperty } = params;
    const extra = typeof additionalProperty === 'string' ? ` (${additionalProperty})` : '';
    return { in: validationContext, at: instancePath, message: `${message}${extra}` };
  });
  const [first] = problems;
  return new GatewayError(validationContext === 'body' ? 'body_invalid' : 'request_invalid', {
    detail: `${first?.in}${first?.at}: ${first?.message}.`,
    param: first?.at,
    problems,
  });
}

/** RFC 9457. */
export function sendAdminError(error: GatewayError, request: FastifyRequest, reply: FastifyReply): void {
  const { contentType, body } = renderError(error, 'problem', request.id);
  // As bytes: to a string Fastify adds a charset, which this media type doesn't have.
  reply
    .code(error.statusCode)
    .headers({ ...error.headers })
    .type(contentType)
    .send(Buffer.from(body));
}
