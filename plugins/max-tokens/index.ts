import { type Static, Type } from 'typebox';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';

const Settings = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, description: 'Output tokens of one answer.' }),
    mode: Type.Unsafe<'enforce' | 'report'>({
      type: 'string',
      enum: ['enforce', 'report'],
      default: 'enforce',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Lowers the output tokens that a request allows; one that names no maximum gets this. On AI routes.',
  },
);
type Settings = Static<typeof Settings>;

const maxTokens: PolicyDescriptor<Settings> = {
  name: 'max-tokens',
  slot: 'inspect',
  on: 'models',
  schema: Settings,
  create: ({ limit, mode }) => ({
    guardModel: (exchange) => ({
      onRequest(request) {
        if (request.maxTokens !== undefined && request.maxTokens <= limit) return undefined;
        exchange.guards ??= [];
        exchange.guards.push({
          guard: 'max-tokens',
          action: mode === 'enforce' ? 'changed' : 'reported',
          direction: 'request',
          rule: String(limit),
        });
        if (mode === 'enforce') request.maxTokens = limit;
        return undefined;
      },
    }),
  }),
};

export default maxTokens;
