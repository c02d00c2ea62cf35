import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors/gateway-error.ts';
import { askedMethods } from '../../lib/method-override.ts';
import { exchangeOf } from '../../record/exchange.ts';
import { isOfAccount } from '../account-paths.ts';
import { newAiFacts } from '../ai-facts.ts';
import type { CallBudgets } from '../budgets/call-budgets.ts';
import { asksIn } from '../budgets/others-at-most.ts';
import type { PreparedCall } from '../chat-call.ts';
import { type CallParts, type ChatCall, newCall } from '../chat-call.ts';
import { CHAT_FORMATS } from '../formats/index.ts';
import type { Deployment } from '../models/deployment.ts';
import type { OpenProvider } from '../models/passthrough.ts';
import { passthrough } from '../operations/passthrough.ts';
import { asksStream, dialectOf, readCall, saysLater, usageOf, wordsOf } from '../passthrough-call.ts';
import { blankedBy, passedHeaders, passedQuery } from '../passthrough-headers.ts';
import { runPassthrough } from '../pipeline.ts';
import { extraOf } from '../prepared-call.ts';
import { requestFacts } from '../request-facts.ts';
import { holdsMark } from '../seal.ts';
import { askedTier } from '../service-tier.ts';
import { withQuestionIn } from '../stream-usage.ts';

const NOTHING: Buffer = Buffer.alloc(0);
/** A server may take one for the other. */
const SAYS_SOMETHING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * `/v1/providers/{name}/*`: a provider in its own words, with the gateway's key and under its policies, budgets and
 * record. The path goes on as it was matched, below the provider's base URL.
 */
export async function registerPassthrough(
  scope: FastifyInstance,
  prefix: string,
  providers: { get(name: string): OpenProvider | undefined },
  parts: CallParts,
): Promise<void> {
  const base = `${prefix}/providers/`;
  await scope.register(async (open) => {
    open.removeAllContentTypeParsers();
    open.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    open.route<{ Params: { provider: string } }>({
      method: scope.supportedMethods,
      url: `${base}:provider/*`,
      async handler(request, reply) {
        const { path } = exchangeOf(request.raw);
        const below = path.slice(path.indexOf('/', base.length));
        const provider = providers.get(request.params.provider);
        // One that is not open is as unknown as one that is not there.
        if (!provider?.allows(below)) throw new GatewayError('route_not_found');
        if (provider.isShared && isOfAccount(request.method, below)) throw keptForAll(provider);
        if (isDropped(request))
          throw new GatewayError('body_invalid', { detail: `A ${request.method} takes none here.` });
        if (parts.policies.areGuards && SAYS_SOMETHING.has(request.method))
          throw new GatewayError('endpoint_not_supported', { detail: 'Its guards could not read the call.' });
        await runPassthrough(
          newCall({ ...parts, ...callOf(request, provider, below, parts.budgets), reply }),
        );
        return reply;
      },
    });
  });
}

const keptForAll = ({ name }: OpenProvider): GatewayError =>
  new GatewayError('not_authorized', {
    detail: `The provider's account keeps it for all consumers: where they may share it, name the path in passthroughPaths of ai.providers.${name}.`,
  });

/** Of some methods (GET, HEAD) no body is read, nor would it go on. */
const isDropped = ({ body, headers }: FastifyRequest): boolean =>
  body === undefined &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);

/** By whatever kind of provider it is configured: Google's APIs take these parameters below all their paths. */
const isGoogle = ({ settings: { kind, baseUrl } }: Deployment): boolean =>
  kind === 'gemini' || kind === 'vertex' || /^https?:\/\/[^/]*\.googleapis\.com(?:[:/]|$)/i.test(baseUrl);

function callOf(
  request: FastifyRequest,
  provider: OpenProvider,
  path: string,
  budgets: CallBudgets,
): Pick<ChatCall, 'format' | 'exchange' | 'bytes' | 'request' | 'prepared' | 'candidates'> {
  const exchange = exchangeOf(request.raw);
  const bytes = Buffer.isBuffer(request.body) ? request.body : NOTHING;
  const encoding = request.headers['content-encoding'] ?? 'identity';
  // What is compressed could name any model.
  if (encoding !== 'identity')
    throw new GatewayError('media_type_unsupported', { detail: 'It must not be compressed.' });
  const { method } = exchange;
  // What is done were another thing than what is billed.
  if (askedMethods(request.headers)?.some((asked) => asked !== method))
    throw new GatewayError('method_ambiguous');
  const sent = { bytes, contentType: request.headers['content-type'] ?? '' };
  const known = readCall(method, path, bytes, sent.contentType);
  const { model: name, body } = known;
  // Its answer is fetched where everybody's is.
  if (provider.isShared && saysLater(body)) throw keptForAll(provider);
  const model = provider.model(name);
  const [deployment] = model.deployments;
  if (!deployment)
    throw new GatewayError('feature_not_active', { detail: `The provider ${provider.name} needs it.` });
  // What is only looked at costs nothing: a file comes as `alt=media`.
  const isChecked = method === 'POST' && isGoogle(deployment);
  const blanked = isChecked ? blankedBy(exchange.query, request.headers) : undefined;
  if (blanked !== undefined)
    throw new GatewayError('field_not_supported', {
      param: blanked,
      detail: `It is ${blanked}: without all of its answer nobody knows what a call came to.`,
    });
  const { dialect, name: dialectName } = dialectOf(deployment.provider, method, path, exchange.query, name);
  const stream = asksStream(known, path);
  const asked = { stream, streamOptions: body.stream_options };
  const isExtra = extraOf(dialect, asked);
  const format = CHAT_FORMATS.find((each) => each.name === dialectName);
  const facts = requestFacts(body, request.headers, (format ?? passthrough).maxima);
  const maxOutput = format ? facts.maxOutput : Math.max(facts.maxOutput, known.maxOutput);
  exchange.ai = newAiFacts(passthrough.operation, model.name, stream, bytes);
  // From the gateway's own formats a client brings its marks along.
  const own =
    dialect.ownOnly && holdsMark(bytes) ? Buffer.from(JSON.stringify(dialect.ownOnly.write(body))) : bytes;
  const prepared: PreparedCall = {
    deployment,
    dialect,
    method,
    path: path + passedQuery(exchange.query),
    headers: passedHeaders(request),
    contentType: request.headers['content-type'],
    body: isExtra ? withQuestionIn(own, asked.streamOptions) : own,
    ...(isExtra && { isExtra }),
    isVerbatim: true,
    // A picture takes its time before the first event.
    isStream: stream && dialectName !== 'openai-images',
    translation: undefined,
  };
  return {
    format: passthrough,
    exchange,
    bytes,
    request: {
      ...facts,
      model: name,
      modelAt: { start: 0, end: 0 },
      ...asked,
      asks: asksIn(wordsOf(deployment.provider, path, dialectName), facts.asks),
      maxOutput,
      serviceTier: askedTier(facts.serviceTier, body, request.headers),
      isUnknowable: known.isUnknowable,
      isLater: known.isLater,
      usage: usageOf(dialectName, path, { ...known, maxOutput }, sent, budgets, deployment.window),
    },
    prepared,
    candidates: [model],
  };
}
