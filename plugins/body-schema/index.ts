import { type Static, Type } from 'typebox';
import type { PolicyDescriptor, UpstreamRequest } from '../../src/contracts/policy.ts';
import { checkRequests } from './check-requests.ts';
import { checkResponses } from './check-responses.ts';
import { schemasByStatus } from './schemas-by-status.ts';

const STATUS = '^([1-5][0-9][0-9]|[1-5]XX|default)$';

const Settings = Type.Object(
  {
    request: Type.Optional(Type.Unknown({ description: 'JSON Schema of the request body.' })),
    required: Type.Boolean({
      default: true,
      description: 'Whether a POST, PUT or PATCH must have a body, where there is a schema for it.',
    }),
    response: Type.Optional(
      Type.Unknown({ description: 'JSON Schema of the body of answers with a status from 200 to 299.' }),
    ),
    responses: Type.Record(Type.String({ pattern: STATUS }), Type.Unknown(), {
      default: {},
      additionalProperties: false,
      description: 'JSON Schemas of the bodies of answers by status: 404, 4XX or default.',
    }),
    mode: Type.Unsafe<'enforce' | 'report'>({
      type: 'string',
      enum: ['enforce', 'report'],
      default: 'enforce',
      description:
        'enforce: a body that breaks its schema, or that can not be checked (no JSON, too large), goes no further. report: everything passes at once, and what breaks its schema is recorded; what is larger than limit is not looked at.',
    }),
    otherTypes: Type.Unsafe<'breach' | 'pass'>({
      type: 'string',
      enum: ['breach', 'pass'],
      default: 'breach',
      description:
        'A body that says it is no JSON (its Content-Type): it breaks the schema, or it passes unchecked, where an API has other forms beside JSON.',
    }),
    limit: Type.Unsafe<number>({
      type: 'string',
      'x-unit': 'size',
      pattern: '^\\d+(\\.\\d+)?(b|kb|mb|gb)$',
      default: '1mb',
      description: 'Bytes of a body, compressed and uncompressed, up to which it is checked.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Checks JSON bodies of requests and answers against JSON Schemas (draft 2020-12, or draft-07 by their $schema). Patterns run on RE2, without look-around.',
  },
);
type Settings = Static<typeof Settings>;

const bodySchema: PolicyDescriptor<Settings> = {
  name: 'body-schema',
  slot: 'inspect',
  on: 'routes',
  schema: Settings,
  check({ request, response, responses }, { compileSchema }) {
    const all = { request, response, ...Object.fromEntries(prefixed(responses)) };
    for (const [where, schema] of Object.entries(all)) {
      if (schema === undefined) continue;
      try {
        compileSchema(schema);
      } catch (error) {
        return `${where}: ${(error as Error).message}`;
      }
    }
    return undefined;
  },
  create(settings, ports) {
    const { request, mode, limit, required, otherTypes } = settings;
    const passes = otherTypes === 'pass';
    const requests =
      request === undefined
        ? undefined
        : checkRequests({ check: ports.compileSchema(request), mode, limit, required, passes }, ports);
    const byStatus = schemasByStatus(settings, ports);
    const responses = byStatus && checkResponses({ byStatus, mode, limit, passes }, ports);
    if (!requests && !responses) return {};
    return {
      async aroundCall(call, exchange, next) {
        const checked = requests ? await requests(call, exchange) : call;
        const answer = await next(responses && mode === 'enforce' ? inFull(checked) : checked);
        return responses ? responses(answer, exchange) : answer;
      },
    };
  },
};

/** A part of an answer can't be checked: an upstream that is asked for none gives the whole (RFC 9110 section 14.2). */
function inFull(call: UpstreamRequest): UpstreamRequest {
  const { range, 'if-range': _condition, ...headers } = call.headers;
  return range === undefined ? call : { ...call, headers };
}

const prefixed = (responses: Settings['responses']): [string, unknown][] =>
  Object.entries(responses).map(([status, schema]) => [`responses.${status}`, schema]);

export default bodySchema;
