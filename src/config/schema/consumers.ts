import { Type } from 'typebox';
import { Duration, Name, Strict } from './units.ts';

export const ConsumerKey = Strict({
  id: Name('Names the key in logs; never the key itself.'),
  sha256: Type.String({
    pattern: '^[0-9a-f]{64}$',
    description: 'SHA-256 of the key, lower-case hex. The key itself is stored nowhere.',
  }),
});

export const Budget = Strict(
  {
    usd: Type.Optional(Type.Number({ minimum: 0 })),
    tokens: Type.Optional(Type.Integer({ minimum: 0 })),
    requests: Type.Optional(Type.Integer({ minimum: 0 })),
    per: Duration({ description: 'Window of the budget.' }),
  },
  { minProperties: 2 },
);

export const Consumer = Strict({
  name: Name('Who calls: an application, a team.'),
  groups: Type.Array(Name('A group that policies can name.'), { default: [] }),
  keys: Type.Array(ConsumerKey, { default: [] }),
  budget: Type.Optional(Budget),
});

export const Consumers = Type.Array(Consumer, { default: [] });
