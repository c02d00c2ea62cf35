import { Type } from 'typebox';
import { Duration, OneOf, Percent, Size, Strict } from './units.ts';

const Semantic = Strict(
  {
    model: Type.String({
      description:
        'The model, of ai.models, that makes vectors of questions. Each question that is looked for costs its caller one call of it.',
    }),
    threshold: Type.Number({
      minimum: 0.5,
      maximum: 1,
      default: 0.95,
      description: 'How like (cosine) the last question must be; numbers in it must be the same in any case.',
    }),
    memory: Size({
      default: '16mb',
      description: 'For the vectors of this model’s questions, in each process.',
    }),
    timeout: Duration({ default: '1s', description: 'Longest wait for a vector; then a model is asked.' }),
  },
  {
    description:
      'Answers a question that is like one that was asked, where all that was said before it, and everything else about the call, is the same.',
  },
);

/** Whether answers of a model are kept to be given again, and to whom. */
export const AiCache = Strict(
  {
    enabled: Type.Boolean({
      default: true,
      description: 'Of a model: false takes it out of a cache that ai.cache gives to all.',
    }),
    ttl: Duration({ default: '1h', description: 'How long an answer is given again.' }),
    store: OneOf(['memory', 'shared'], {
      default: 'memory',
      description:
        'Where answers are kept: in the memory of each process (bounded by server.limits.cache), or in the store, for all replicas.',
    }),
    maxEntry: Size({ default: '1mb', description: 'Largest answer that is kept.' }),
    charge: Percent({
      default: '0%',
      description:
        'What a kept answer costs the caller’s budgets, as a share of what it cost when it was made. 0%: nothing, and no budget is asked.',
    }),
    semantic: Type.Optional(Semantic),
  },
  {
    description:
      'Keeps whole answers that ended well, for each consumer apart, and gives them again to the same question of the same model, whole or as a stream. Requests opt out by Cache-Control: no-store (neither given nor kept), no-cache (not given) or max-age.',
  },
);
