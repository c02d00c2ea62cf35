import { type Static, Type } from 'typebox';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type {
  HeaderBag,
  PolicyDescriptor,
  Unread,
  UpstreamRequest,
  UpstreamResponse,
} from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { type ChangeBody, compileChanges } from './changes.ts';
import { transformMessage, withoutFactsOfBytes } from './transform-message.ts';

const Pointer = Type.String({ pattern: '^(/[^/]*)+$', examples: ['/customer/id', '/items/*/price'] });
const POINTER = '^(/[^/]*)+$';
const STATUS = '^[2-5][0-9][0-9]$';

const changes = {
  remove: Type.Array(Pointer, {
    default: [],
    description: 'Values to take out, by JSON pointer; * is every entry.',
  }),
  rename: Type.Record(Type.String({ pattern: POINTER }), Type.String({ minLength: 1 }), {
    default: {},
    additionalProperties: false,
    description: 'New names of keys, which stay where they are: { /items/*/sku: code }.',
  }),
  move: Type.Record(Type.String({ pattern: '^(/[^/*]*)+$' }), Type.String({ pattern: '^(/[^/*]*)+$' }), {
    default: {},
    additionalProperties: false,
    description:
      'New places of values. What is missing on the way is made; what has no place there stays where it is.',
  }),
  set: Type.Record(Type.String({ pattern: POINTER }), Type.Unknown({ 'x-template': true }), {
    default: {},
    additionalProperties: false,
    description:
      'New values, of any kind; texts in them may hold {{consumer}}, {{path.NAME}} and the like. /list/- adds to a list.',
  }),
};

const Settings = Type.Object(
  {
    request: Type.Object(changes, { additionalProperties: false, default: {} }),
    response: Type.Object(
      {
        ...changes,
        status: Type.Record(Type.String({ pattern: STATUS }), Type.Integer({ minimum: 200, maximum: 599 }), {
          default: {},
          additionalProperties: false,
          description: 'Statuses that become others: { 404: 204 }. 204 and 304 have no body.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    limit: Type.Unsafe<number>({
      type: 'string',
      'x-unit': 'size',
      pattern: '^\\d+(\\.\\d+)?(b|kb|mb|gb)$',
      default: '1mb',
      description:
        'Bytes of a body, compressed and uncompressed, up to which it is changed. A larger one is refused: it must not pass unchanged.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Changes JSON bodies on the way to the upstream and back: removes, renames, moves and sets, in this order; and the status of answers. Bodies of other types pass as they are.',
  },
);
type Settings = Static<typeof Settings>;

const BODILESS = new Set([204, 205, 304]);

const transformBody: PolicyDescriptor<Settings> = {
  name: 'transform-body',
  slot: 'transform',
  on: 'routes',
  schema: Settings,
  create({ request, response, limit }, { template, readJson, exactJson }) {
    const changeRequest = compileChanges(request, template);
    const changeResponse = compileChanges(response, template);
    const statuses = new Map(Object.entries(response.status).map(([from, to]) => [Number(from), to]));
    if (!changeRequest && !changeResponse && statuses.size === 0) return {};

    async function transformAnswer(
      answer: UpstreamResponse,
      change: ChangeBody,
      exchange: Exchange,
    ): Promise<UpstreamResponse> {
      if (BODILESS.has(answer.status)) return answer;
      if (exchange.method === 'HEAD') return { ...answer, headers: withoutFactsOfBytes(answer.headers) };
      return transformMessage(answer, change, exchange, {
        readJson,
        exactJson,
        limit,
        refuse: refuseResponse,
      });
    }

    return {
      async aroundCall(call, exchange, next) {
        const asked = changeRequest
          ? await transformMessage(call, changeRequest, exchange, {
              readJson,
              exactJson,
              limit,
              refuse: refuseRequest,
            })
          : call;
        const answer = await next(changeResponse ? inFull(asked) : asked);
        const answered = changeResponse ? await transformAnswer(answer, changeResponse, exchange) : answer;
        return withStatus(answered, statuses.get(answer.status) ?? answer.status);
      },
    };
  },
};

/** A part of an answer can't be changed as JSON, and an answer that is compressed would only be unpacked again. */
function inFull(call: UpstreamRequest): UpstreamRequest {
  const headers: HeaderBag = { ...call.headers, 'accept-encoding': 'identity' };
  for (const name of ['range', 'if-range']) delete headers[name];
  return { ...call, headers };
}

function withStatus(answer: UpstreamResponse, status: number): UpstreamResponse {
  if (status === answer.status) return answer;
  if (!BODILESS.has(status)) return { ...answer, status };
  const headers = { ...answer.headers };
  for (const name of ['content-length', 'content-type', 'content-encoding']) delete headers[name];
  // The body in whose place there is none now is dropped by whoever made the call.
  return { status, headers, body: null };
}

const refuseRequest = (why: Unread): Error =>
  new GatewayError(why === 'too_large' ? 'body_too_large' : 'body_malformed', {
    cause: `transform-body: ${why}`,
  });

const refuseResponse = (why: Unread): Error =>
  new GatewayError(why === 'too_large' ? 'upstream_too_large' : 'schema_response', {
    cause: `transform-body: ${why}`,
  });

export default transformBody;
