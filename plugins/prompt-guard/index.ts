import { type Static, Type } from 'typebox';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { brokenRules } from './rules.ts';

const Settings = Type.Object(
  {
    threshold: Type.Number({
      exclusiveMinimum: 0,
      default: 1,
      description: 'A text whose broken rules add up to this is refused. One rule by itself is 0.4 to 1.',
    }),
    roles: Type.Array(
      Type.Unsafe<'user' | 'tool' | 'assistant' | 'system'>({
        type: 'string',
        enum: ['user', 'tool', 'assistant', 'system'],
      }),
      {
        default: ['user', 'tool'],
        minItems: 1,
        description: 'Whose texts are read. What tools bring is where injections hide.',
      },
    ),
    mode: Type.Unsafe<'enforce' | 'report'>({
      type: 'string',
      enum: ['enforce', 'report'],
      default: 'enforce',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Refuses requests that look like attempts to take over the model, by rules with scores. On AI routes.',
  },
);
/** Vendors have more names of the same; who is nobody of these may be anybody. */
const ROLES: ReadonlyMap<string, string> = new Map([
  ['tool', 'tool'],
  ['function', 'tool'],
  ['assistant', 'assistant'],
  ['model', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
]);
type Settings = Static<typeof Settings>;

const promptGuard: PolicyDescriptor<Settings> = {
  name: 'prompt-guard',
  slot: 'inspect',
  on: 'models',
  schema: Settings,
  create({ threshold, roles, mode }) {
    const read: ReadonlySet<string> = new Set(roles);
    return {
      guardModel: (exchange) => ({
        onRequest(request) {
          const refused = (rule: string, error: Error): Error | undefined => {
            const action = mode === 'enforce' ? 'blocked' : 'reported';
            exchange.guards ??= [];
            exchange.guards.push({ guard: 'prompt-guard', action, direction: 'request', rule });
            return mode === 'enforce' ? error : undefined;
          };
          if (request.unreadable) return refused('unreadable', request.unreadable);
          for (const { role, text } of request.texts) {
            if (!read.has(ROLES.get(role) ?? 'user')) continue;
            const broken = brokenRules(text);
            // Sums of tenths: 0.6 and 0.4 must reach 1.
            const score = Math.round(broken.reduce((sum, each) => sum + each.score, 0) * 100) / 100;
            if (score < threshold) continue;
            const rule = broken.map(({ name }) => name).join('+');
            const cause = `prompt-guard: ${rule}, ${score}`;
            return refused(rule, new GatewayError('content_filtered', { cause }));
          }
          return undefined;
        },
      }),
    };
  },
};

export default promptGuard;
