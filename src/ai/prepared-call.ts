import type { AnswerName, Format, StreamWriter } from '../contracts/format.ts';
import type { JsonObject, ModelRequest } from '../contracts/model-request.ts';
import type { Dialect, TranslatedDialect } from '../contracts/provider.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { anyReads } from '../lib/answer-filters.ts';
import { replaceSpans } from '../lib/json-span.ts';
import type { ChatCall, ChatRequest, PreparedCall } from './chat-call.ts';
import { holdsDropped, withoutDropped } from './dropped.ts';
import { AnswerGuard, answerIsGuarded } from './guards/answer-guard.ts';
import { TranscriptPassage } from './guards/transcript-passage.ts';
import { writeHistoryFor } from './memory/history-for.ts';
import { answerId, keptFields } from './memory/own-id.ts';
import type { Deployment } from './models/deployment.ts';
import { asksUsage, insertQuestion, withQuestion } from './stream-usage.ts';
import { asRefusal, Translation } from './translation.ts';

/** What the answer is known by. */
export const answerName = ({ request, exchange, format, turn, ownId }: ChatCall): AnswerName => ({
  id: answerId(exchange),
  requestId: exchange.id,
  model: (request as ChatRequest).model,
  created: Math.floor(exchange.startedAt / 1000),
  ...((turn || ownId !== undefined) &&
    format.name === 'openai-responses' && { kept: keptFields(request as ChatRequest) }),
});

/**
 * @throws GatewayError `field_not_supported` if this deployment can't carry the request, `endpoint_not_supported` if it
 * has nothing of the kind, `body_invalid` if the request can't be read
 */
export function prepareCall(call: ChatCall, deployment: Deployment): PreparedCall {
  const { format, guards, caching, turn } = call;
  writeHistoryFor(call, deployment);
  const made = prepare(call, deployment);
  const tapeBytes = caching?.settings.maxEntry ?? 0;
  const prepared =
    tapeBytes > 0 || turn
      ? {
          ...made,
          ...(tapeBytes > 0 && { tapeBytes }),
          isOfTurn: turn !== undefined,
          isRenamed: turn !== undefined && format.name === 'openai-responses',
        }
      : made;
  if (format.kind === 'operation' && format.media === 'form' && anyReads(guards, 'result'))
    return { ...prepared, openTranscript: () => new TranscriptPassage(guards) };
  if (format.kind !== 'chat' || !format.openStream || !answerIsGuarded(guards)) return prepared;
  const neutral = askedOf(call, format);
  const unread = neutral.uncarried.find((at) => WITH_PARTS_OF_ITS_OWN.test(at));
  if (unread !== undefined) throw unguarded(unread);
  const openStream = (): StreamWriter | undefined => format.openStream?.(neutral, answerName(call));
  return { ...prepared, guarded: { openStream, openGuard: () => new AnswerGuard(guards) } };
}

/**
 * What makes a provider answer with parts that are no text, reasoning or call of a client's function: results of its own tools,
 * calls of custom tools, sound. Guards of answers can't read them, and would leave them out.
 */
const WITH_PARTS_OF_ITS_OWN = /^(?:tools\[\d+\]$|mcp_servers|container|audio$)/;

const unguarded = (param: string): GatewayError =>
  new GatewayError('field_not_supported', {
    param,
    detail: `The field is ${param}: what a provider answers to it can’t be read by the guards of this route’s answers.`,
  });

function prepare(call: ChatCall, deployment: Deployment): PreparedCall {
  const { provider, model, settings } = deployment;
  const { format } = call;
  const request = call.request as ChatRequest;
  const native = provider.native[format.name];
  if (native) {
    const path = native.path({ model, stream: request.stream });
    const isForm = format.kind === 'operation' && format.media === 'form';
    const isExtra = extraOf(native, request);
    const ownOnly = native.ownOnly?.isDue(call.bytes) ? native.ownOnly : undefined;
    const drop = format.kind === 'operation' ? [] : settings.drop;
    return {
      deployment,
      dialect: native,
      body:
        native.adapt || ownOnly || holdsDropped(call.bytes, drop)
          ? adapted(call, { adapt: native.adapt, ownOnly }, model, drop, isExtra !== undefined)
          : written(
              call.bytes,
              request,
              isForm ? model : deployment.modelAsJson,
              model,
              isExtra !== undefined,
            ),
      isExtra,
      contentType: isForm ? (call.headers['content-type'] as string) : JSON_TYPE,
      path,
      translation: undefined,
    };
  }
  if (format.kind === 'operation') throw new GatewayError('endpoint_not_supported');
  if (format.kind === 'chat') return translated(call, deployment, format, provider.translated);
  if (!provider.embeddings) throw new GatewayError('endpoint_not_supported');
  return translated(call, deployment, format, provider.embeddings);
}

function translated<Request extends Neutral>(
  call: ChatCall,
  deployment: Deployment,
  format: Format<Request>,
  dialect: TranslatedDialect<Request, Request>,
): PreparedCall {
  const { stream } = call.request as ChatRequest;
  const { drop } = deployment.settings;
  const neutral = holdsDropped(call.bytes, drop)
    ? format.readRequest(withoutDropped(bodyOf(call), drop))
    : neutralOf(call, format);
  const translation = new Translation(
    neutral,
    format,
    dialect,
    deployment.provider.readError,
    answerName(call),
    drop,
  );
  const target = {
    model: deployment.model,
    stream,
    maxOutput: deployment.maxOutput,
    betas: betasOf(call),
  };
  const body = translation.request(target);
  return { deployment, dialect, body, contentType: JSON_TYPE, path: dialect.path(target), translation };
}

const BETA = 'anthropic-beta';

/** A client may repeat the header; Node joins what it says. */
const betasOf = ({ format, headers }: ChatCall): string[] | undefined =>
  format.headers.includes(BETA) ? headers[BETA]?.toString().split(/\s*,\s*/) : undefined;

type Neutral = NonNullable<ChatCall['neutral']>;

/** Parsed, for who does not change it. */
export const bodyOf = ({ body, bytes }: Pick<ChatCall, 'body' | 'bytes'>): JsonObject =>
  body ?? (JSON.parse(bytes.toString('utf8')) as JsonObject);

/** Read once a call, and only where a provider needs it. */
export function neutralOf<Request extends Neutral>(call: ChatCall, format: Format<Request>): Request {
  call.neutral ??= format.readRequest(bodyOf(call));
  return call.neutral as Request;
}

/**
 * What the writers of a call's answer read of what it asks. What was said before is none of it, and may be in words that its
 * provider alone can read: its roles, its ids.
 */
export function askedOf(call: ChatCall, format: Format): ModelRequest {
  if (call.neutral) return call.neutral as ModelRequest;
  call.writersView ??= format.readRequest(withoutSaid(bodyOf(call)));
  return call.writersView;
}

function withoutSaid(body: JsonObject): JsonObject {
  const said = SAID_BEFORE.filter((field) => Array.isArray(body[field])).map((field) => [field, []]);
  return { ...body, ...Object.fromEntries(said) };
}

const SAID_BEFORE = ['messages', 'input'];

/** The client's request, as a service takes it that speaks the same format in its own way, or not all that is in it, or is not to. */
function adapted(
  { bytes, format }: ChatCall,
  { adapt, ownOnly }: Pick<Dialect, 'adapt' | 'ownOnly'>,
  model: string,
  drop: readonly string[],
  asks: boolean,
): Buffer {
  const said = JSON.parse(bytes.toString('utf8')) as JsonObject;
  const own = withoutDropped(ownOnly ? ownOnly.write(said) : said, drop);
  const body = { ...own, model, ...(asks && { stream_options: withQuestion(said.stream_options) }) };
  const fields = format.kind === 'operation' ? {} : format.fields;
  try {
    return Buffer.from(JSON.stringify(adapt ? adapt(body, fields, drop) : body));
  } catch (error) {
    throw asRefusal(error, fields);
  }
}

/**
 * The events of a stream that its client did not ask for: the gateway does in its place, because what a stream came to is
 * more than its text shows (reasoning, pictures).
 */
export const extraOf = (
  { isOnlyUsage }: Dialect,
  { stream, streamOptions }: Pick<ChatRequest, 'stream' | 'streamOptions'>,
): Dialect['isOnlyUsage'] => (stream && !asksUsage(streamOptions) ? isOnlyUsage : undefined);

/**
 * The client's bytes; only the model's name is the provider's.
 * @param asks what a stream came to is asked for, too
 */
function written(bytes: Buffer, request: ChatRequest, name: string, model: string, asks: boolean): Buffer {
  const isSame = request.model === model;
  if (isSame && !asks) return bytes;
  return replaceSpans(bytes, [
    ...(isSame ? [] : [{ ...request.modelAt, text: name }]),
    ...(asks ? [insertQuestion(bytes, request.streamOptions)] : []),
  ]);
}

const JSON_TYPE = 'application/json';
