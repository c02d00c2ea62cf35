import { Type } from 'typebox';
import { ConsumerBudget } from './budgets.ts';
import { Name, Strict } from './units.ts';

export const ConsumerKey = Strict({
  id: Name('Names the key in logs; never the key itself.'),
  sha256: Type.String({
    pattern: '^[0-9a-f]{64}$',
    description: 'SHA-256 of the key, lower-case hex. The key itself is stored nowhere.',
  }),
});

export const Consumer = Strict({
  name: Name('Who calls: an application, a team.'),
  groups: Type.Array(Name('A group that policies can name.'), { default: [] }),
  keys: Type.Array(ConsumerKey, { default: [] }),
  budget: Type.Optional(ConsumerBudget),
});

export const Consumers = Type.Array(Consumer, { default: [] });
