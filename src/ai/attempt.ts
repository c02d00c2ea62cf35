import type { HeaderBag } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { BreakerPass } from '../upstream/breaker.ts';
import { callUpstream } from '../upstream/call.ts';
import { failureInAnswer } from '../upstream/failure.ts';
import { CancelSignal } from '../upstream/signal.ts';
import { inAskedEncoding } from './asked-encoding.ts';
import { beginAnswer, type WantedAnswer } from './begin-answer.ts';
import type { ChatCall, ChatRequest, CommittedAnswer, PreparedCall } from './chat-call.ts';
import type { Model } from './models/catalog.ts';
import type { Credential } from './models/credential.ts';
import type { Answerer } from './models/deployment.ts';

const timedOut = (what: string): GatewayError =>
  new GatewayError('upstream_timeout', { cause: new Error(`no ${what} in time`) });

/** What an attempt is made with. */
export interface Seat {
  readonly prepared: PreparedCall;
  readonly credential: Credential;
  /** Leave of the deployment's breaker: the caller says what came of it, but for a stream that breaks off. */
  readonly pass: BreakerPass;
}

/**
 * One call to one deployment, up to the point from which there is no way back: the whole answer, or the first event of
 * a stream.
 * @throws GatewayError or undici's error; nothing is left running then
 */
export async function attempt(
  call: ChatCall,
  { prepared, credential, pass }: Seat,
  timeouts: Model['timeouts'],
): Promise<CommittedAnswer> {
  const { exchange } = call;
  const { deployment } = prepared;
  const { load } = deployment;
  const target = deployment.upstream.pick();
  exchange.attempts++;
  noteDeployment(call, deployment);
  if (exchange.ai) exchange.ai.providerKey = credential.id;
  const signal = new CancelSignal();
  const follow = (): void => signal.abort(call.cancel.reason as Error);
  call.cancel.once('abort', follow);
  // Lives as long as the answer, which may be a stream that another stage passes on.
  const begin = beginWithin(call, timeouts);
  const total = setTimeout(() => signal.abort(timedOut('end of the answer')), timeouts.total);
  const firstToken = setTimeout(() => signal.abort(timedOut('first token')), begin);
  const { idle } = timeouts;
  load.inFlight++;
  const finish = (): void => {
    load.inFlight--;
    clearTimeout(total);
    clearTimeout(firstToken);
    call.cancel.off('abort', follow);
  };
  let hasAnswered = false;
  const began = performance.now();
  exchange.upstreamMs = -1;
  try {
    const path = target.basePath + prepared.path;
    const headers = headersOf(call, prepared, credential, target.host);
    const { method = 'POST', body } = prepared;
    const { provider } = deployment;
    if (provider.sign) {
      const sent = { method, path, host: target.host, headers, body };
      Object.assign(headers, await provider.sign(sent, credential.settings));
    }
    const answer = await callUpstream({
      target,
      method,
      path,
      headers,
      body: prepared.contentType === undefined && body.length === 0 ? null : body,
      signal,
      headersTimeoutMs: begin,
      // How long it may be silent before it begins, `begin` says. 0: for ever.
      bodyTimeoutMs: idle === 0 ? 0 : Math.max(idle, begin),
      onSent: () => {
        call.asked = deployment;
        call.sentAt = call.ports.clock.monotonic();
      },
    });
    hasAnswered = true;
    exchange.upstreamMs = performance.now() - began;
    const onFirstByte = (): void => {
      clearTimeout(firstToken);
      if (idle > 0 && idle < begin) answer.limitSilence?.(idle);
    };
    const came = await beginAnswer(answer, prepared, wanted(call), onFirstByte);
    const begun = call.format.kind === 'embeddings' ? inAskedEncoding(call, came) : came;
    // A short stream may have ended, and said so, while its first event was read.
    if (begun.kind !== 'whole' && !begun.body.closed) begun.body.once('close', finish);
    else finish();
    return Object.assign(begun, { deployment, broke: () => pass.broke() });
  } catch (error) {
    finish();
    // A timer of ours speaks through the signal; undici hands its reason on, or says only that it was aborted.
    if (signal.reason || error instanceof GatewayError || !hasAnswered) throw signal.reason ?? error;
    throw new GatewayError(failureInAnswer(error), { cause: error });
  }
}

/**
 * What is not streamed begins when it is whole: how long that takes, only `total` can say. A stream in a provider's own
 * words has to begin, too, though it may come as something else.
 */
const beginWithin = (call: ChatCall, { firstToken, total }: Model['timeouts']): number =>
  wanted(call) === 'stream' || call.prepared?.isStream ? firstToken : total;

/** Operations ask for streams, sound and texts each in its own way: of them everything is taken as it comes. */
function wanted({ format, request }: ChatCall): WantedAnswer {
  if (format.kind === 'operation') return 'any';
  return (request as ChatRequest).stream ? 'stream' : 'whole';
}

/** The record names the deployment that is being asked; in the end, the one that answered. */
export function noteDeployment({ exchange }: ChatCall, deployment: Answerer): void {
  exchange.upstream = deployment.providerName;
  exchange.target = deployment.name;
  const facts = exchange.ai;
  if (!facts) return;
  facts.provider = deployment.providerName;
  facts.upstreamModel = deployment.model;
  facts.version = deployment.version;
}

function headersOf(
  { exchange, policies, format, headers: sentHeaders }: ChatCall,
  { contentType, headers: passed, translation }: PreparedCall,
  { headers: own }: Credential,
  host: string,
): HeaderBag {
  const headers: HeaderBag = {
    ...passed,
    'x-request-id': exchange.id,
    traceparent: `00-${exchange.traceId}-${exchange.spanId}-${exchange.traceFlags}`,
  };
  policies.upstreamHeaders(headers, exchange);
  // Last, so that no policy takes away what the provider needs.
  for (const name in own) headers[name] = own[name];
  if (contentType !== undefined) headers['content-type'] = contentType;
  // Compressed events could not be watched; on the way from a model there is little to gain.
  headers['accept-encoding'] = 'identity';
  headers.host = host;
  if (!translation) {
    for (const name of format.headers) {
      const sent = sentHeaders[name];
      if (sent !== undefined) headers[name] = sent;
    }
  }
  return headers;
}
