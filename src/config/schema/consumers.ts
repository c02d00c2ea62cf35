import { Type } from 'typebox';
import { ConsumerBudget } from './budgets.ts';
import { Name, Strict } from './units.ts';

export const ConsumerKey = Strict({
  id: Name('Names the key in logs; never the key itself.'),
  sha256: Type.String({
    pattern: '^[0-9a-f]{64}$',
    description: 'SHA-256 of the key, lower-case hex. The key itself is stored nowhere.',
  }),
  notBefore: Type.Optional(
    Type.String({ format: 'date-time', description: 'From when on it lets in. At once if it is left out.' }),
  ),
  expires: Type.Optional(
    Type.String({
      format: 'date-time',
      examples: ['2026-12-31T00:00:00Z'],
      description: 'From when on it lets nobody in any more. Never if it is left out.',
    }),
  ),
});

export const Consumer = Strict({
  name: Name('Who calls: an application, a team.'),
  groups: Type.Array(Name('A group that policies can name.'), { default: [] }),
  keys: Type.Array(ConsumerKey, { default: [] }),
  budget: Type.Optional(ConsumerBudget),
});

export const Consumers = Type.Array(Consumer, { default: [] });
