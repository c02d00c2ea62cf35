import type { HeaderBag } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { replaceSpan } from '../lib/json-span.ts';
import { callUpstream, type UpstreamAnswer } from '../upstream/call.ts';
import { CancelSignal } from '../upstream/signal.ts';
import type { ChatCall, ChatRequest, CommittedAnswer } from './chat-call.ts';
import { firstEventIsError } from './first-event.ts';
import type { Deployment, Model } from './models/catalog.ts';

export type Attempted = CommittedAnswer;

/** Bytes of an answer that isn't streamed: it is held until it is whole. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

const timedOut = (what: string): GatewayError =>
  new GatewayError('upstream_timeout', { cause: new Error(`no ${what} in time`) });

/**
 * One call to one deployment, up to the point from which there is no way back: the whole answer, or the first bytes of
 * a stream.
 * @throws GatewayError or undici's error; nothing is left running then
 */
export async function attempt(
  call: ChatCall,
  deployment: Deployment,
  timeouts: Model['timeouts'],
): Promise<Attempted> {
  const { exchange } = call;
  const target = deployment.upstream.pick();
  exchange.attempts++;
  exchange.upstream = deployment.providerName;
  exchange.target = `${deployment.providerName}/${deployment.model}`;
  noteDeployment(call, deployment);
  const signal = new CancelSignal();
  const follow = (): void => signal.abort(exchange.cancel.reason as Error);
  exchange.cancel.once('abort', follow);
  // Lives as long as the answer, which may be a stream that another stage passes on.
  const total = setTimeout(() => signal.abort(timedOut('end of the answer')), timeouts.total);
  const firstToken = setTimeout(() => signal.abort(timedOut('first token')), timeouts.firstToken);
  const finish = (): void => {
    clearTimeout(total);
    clearTimeout(firstToken);
    exchange.cancel.off('abort', follow);
  };
  try {
    const headers: HeaderBag = {
      'x-request-id': exchange.id,
      traceparent: `00-${exchange.traceId}-${exchange.spanId}-${exchange.traceFlags}`,
    };
    call.policies.upstreamHeaders(headers, exchange);
    // Last, so that no policy takes away what the provider needs.
    Object.assign(headers, deployment.provider.headers(deployment.apiKey), { host: target.host });
    const answer = await callUpstream({
      target,
      method: 'POST',
      path: target.basePath + deployment.provider.chatPath,
      headers,
      body: withModel(call, deployment.model),
      signal,
      headersTimeoutMs: timeouts.firstToken,
      bodyTimeoutMs: timeouts.idle,
    });
    const committed = isEventStream(answer)
      ? await beginStream(answer, deployment)
      : await readWhole(answer, deployment);
    clearTimeout(firstToken);
    if (committed.kind === 'stream') committed.body.once('close', finish);
    else finish();
    return committed;
  } catch (error) {
    finish();
    // A timer of ours speaks through the signal; undici hands its reason on, or says only that it was aborted.
    throw signal.reason ?? error;
  }
}

function noteDeployment(call: ChatCall, deployment: Deployment): void {
  const facts = call.exchange.ai;
  if (!facts) return;
  facts.provider = deployment.providerName;
  facts.upstreamModel = deployment.model;
  facts.version = deployment.version;
}

/** The client's bytes; only the model's name is the provider's. */
function withModel(call: ChatCall, model: string): Buffer {
  const request = call.request as ChatRequest;
  return request.model === model
    ? call.bytes
    : replaceSpan(call.bytes, request.modelAt, JSON.stringify(model));
}

function isEventStream(answer: UpstreamAnswer): boolean {
  return (
    answer.statusCode === 200 && String(answer.headers['content-type'] ?? '').startsWith('text/event-stream')
  );
}

async function beginStream(answer: UpstreamAnswer, deployment: Deployment): Promise<Attempted> {
  const first = await firstChunk(answer.body);
  if (first === undefined || firstEventIsError(first)) {
    answer.body.destroy();
    throw new GatewayError('provider_invalid_answer', {
      cause: new Error(first ? 'the stream began with an error event' : 'the stream was empty'),
    });
  }
  return { kind: 'stream', statusCode: 200, headers: answer.headers, deployment, first, body: answer.body };
}

function firstChunk(body: UpstreamAnswer['body']): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void): void => {
      body.off('readable', onReadable).off('end', onEnd).off('error', onError);
      act();
    };
    const onReadable = (): void => {
      const chunk = body.read() as Buffer | null;
      if (chunk !== null) done(() => resolve(chunk));
    };
    const onEnd = (): void => done(() => resolve(undefined));
    const onError = (error: Error): void => done(() => reject(error));
    body.on('readable', onReadable).on('end', onEnd).on('error', onError);
  });
}

async function readWhole(answer: UpstreamAnswer, deployment: Deployment): Promise<Attempted> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER) throw new GatewayError('upstream_too_large');
    chunks.push(chunk);
  }
  const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  if (answer.statusCode < 300 && !isJsonObject(body)) {
    throw new GatewayError('provider_invalid_answer', {
      cause: new Error('the answer is not a JSON object'),
    });
  }
  return { kind: 'whole', statusCode: answer.statusCode, headers: answer.headers, deployment, body };
}

function isJsonObject(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    // Said by the caller, as the provider's fault.
    return false;
  }
}
