import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { type TSchema, Type } from 'typebox';

/** What may not be there is null in answers: their fields are always the same. */
export const OrNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

/** Problem details (RFC 9457): every answer that is no success. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'A code of docs/errors.md.' }),
    request_id: Type.String(),
    problems: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
  },
  { description: 'Refused or failed; the code says why.' },
);

/** The answers of an operation: what it gives, and a problem for everything else. */
export const answers = <const S extends TSchema>(
  ok: S,
): { 200: S; default: { description: string; content: Record<string, { schema: typeof Problem }> } } => ({
  200: ok,
  default: {
    description: 'Refused or failed; the code says why.',
    content: { 'application/problem+json': { schema: Problem } },
  },
});

/** `/openapi.json` is made from the schemas that the routes are registered with. */
export const describeApi = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Hypercare Gateway admin API',
      version,
      description: 'What serves, what happened, and how to change it. See docs/admin.md.',
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{ token: [] }],
  },
});
