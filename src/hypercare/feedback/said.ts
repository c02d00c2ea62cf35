import { type Static, Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { compileSchema } from '../../lib/json-schema/compile.ts';
import { SCORE_KINDS } from './report.ts';

const Text = (maxLength: number) => Type.Optional(Type.String({ maxLength }));

/** The body of POST /v1/feedback. */
const Body = Type.Object(
  {
    score: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
    kind: Type.Optional(
      Type.Unsafe<(typeof SCORE_KINDS)[number]>({ type: 'string', enum: [...SCORE_KINDS] }),
    ),
    comment: Text(4000),
    category: Type.Optional(
      Type.Unsafe<
        | 'bug'
        | 'performance'
        | 'usability'
        | 'feature-request'
        | 'data'
        | 'integration'
        | 'security'
        | 'user-error'
      >({
        type: 'string',
        enum: [
          'bug',
          'performance',
          'usability',
          'feature-request',
          'data',
          'integration',
          'security',
          'user-error',
        ],
      }),
    ),
    requestId: Text(128),
    session: Text(256),
    page: Text(1000),
    appVersion: Text(64),
    /** By reference: the gateway keeps no pictures. */
    screenshot: Type.Optional(Type.String({ maxLength: 1000, pattern: '^https?://[^\\s]+$' })),
    survey: Text(64),
    about: Text(64),
    source: Type.Optional(Type.Unsafe<'api' | 'widget'>({ type: 'string', enum: ['api', 'widget'] })),
  },
  { additionalProperties: false },
);
export type FeedbackBody = Static<typeof Body>;

const check = compileSchema(Body);

/** @throws GatewayError body_malformed or body_invalid */
export function readSaid(bytes: unknown): FeedbackBody {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.isBuffer(bytes) ? bytes.toString('utf8') : '');
  } catch (cause) {
    throw new GatewayError('body_malformed', { cause });
  }
  const problem = check(value);
  if (problem !== undefined) throw new GatewayError('body_invalid', { detail: `${problem}.` });
  return value as FeedbackBody;
}
