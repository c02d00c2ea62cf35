import type { ModelRequest } from '../contracts/model-request.ts';
import type { Dialect } from '../contracts/provider.ts';
import { replaceSpan } from '../lib/json-span.ts';
import type { ChatCall, ChatRequest } from './chat-call.ts';
import type { Deployment } from './models/catalog.ts';
import { Translation } from './translation.ts';

/** A request in the form in which one deployment takes it, and how its answer is read. */
export interface PreparedCall {
  readonly deployment: Deployment;
  readonly dialect: Dialect;
  readonly body: Buffer;
  /** Path and query below the base URL. */
  readonly path: string;
  /** None where the provider speaks the client's format: then bytes pass as they come. */
  readonly translation: Translation | undefined;
}

/**
 * @throws GatewayError `field_not_supported` if this deployment can't carry the request, `body_invalid` if it can't be
 * read
 */
export function prepareCall(call: ChatCall, deployment: Deployment): PreparedCall {
  const { provider, model } = deployment;
  const request = call.request as ChatRequest;
  const asked = { model, stream: request.stream };
  const native = provider.native[call.format.name];
  if (native) {
    const body = withModel(call.bytes, request, model);
    return { deployment, dialect: native, body, path: native.path(asked), translation: undefined };
  }
  const dialect = provider.translated;
  const { id, startedAt } = call.exchange;
  const name = { requestId: id, model: request.model, created: Math.floor(startedAt / 1000) };
  const translation = new Translation(neutralOf(call), call.format, provider, name);
  return { deployment, dialect, body: translation.request(asked), path: dialect.path(asked), translation };
}

/** Read once a call, and only where a provider needs it. */
function neutralOf(call: ChatCall): ModelRequest {
  call.neutral ??= call.format.readRequest(JSON.parse(call.bytes.toString('utf8')));
  return call.neutral;
}

/** The client's bytes; only the model's name is the provider's. */
function withModel(bytes: Buffer, request: ChatRequest, model: string): Buffer {
  return request.model === model ? bytes : replaceSpan(bytes, request.modelAt, JSON.stringify(model));
}
