import { Type } from 'typebox';
import { ConsumerBudget } from './budgets.ts';
import { Duration, Percent, Strict } from './units.ts';

/** A candidate that is asked the same, to see how it would have answered. */
export const AiShadow = Strict(
  {
    model: Type.String({ description: 'The candidate: a model of ai.models, with its own fallbacks.' }),
    share: Percent({ default: '1%', description: 'Of the chats of this model.' }),
    maxInFlight: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 4,
      description: 'Candidates’ answers under way at once, in each process; beyond it calls are left out.',
    }),
    timeout: Duration({ default: '2m', description: 'For the candidate’s whole answer.' }),
    budget: Type.Optional(ConsumerBudget),
    keep: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 200,
      description: 'Pairs of answers in the store. As it fills up, new ones take the place of some.',
    }),
    keepFor: Duration({ default: '7d', description: 'How long a pair is kept.' }),
    texts: Type.Boolean({
      default: true,
      description:
        'Whether the beginnings of both texts are kept, as models wrote them, or figures only. Of turns of a conversation that is remembered, and where a client says `store: false`, figures only in any case.',
    }),
  },
  {
    description:
      'Sends a share of what this model is asked to a candidate, once the real answer is over: it delays and fails nothing. Both answers are kept side by side (GET /api/shadows). The candidate’s cost falls under this budget and those of its own model (`ai.budgets`), and under none of the consumer’s.',
  },
);
