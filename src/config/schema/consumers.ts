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

export const ConsumerCertificate = Strict(
  {
    sha256: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{64}$',
        description: 'SHA-256 of this one certificate, lower-case hex without colons.',
      }),
    ),
    subject: Type.Optional(Type.String({ minLength: 1, description: 'Common name of the subject.' })),
    san: Type.Optional(
      Type.String({
        pattern: '^(dns|uri|email):[^\\s]+$',
        examples: ['dns:batch.internal', 'uri:spiffe://example.org/batch'],
        description: 'An alternative name of it.',
      }),
    ),
  },
  { minProperties: 1, maxProperties: 1, description: 'One way to tell a client certificate.' },
);

export const Consumer = Strict({
  name: Name('Who calls: an application, a team.'),
  groups: Type.Array(Name('A group that policies can name.'), { default: [] }),
  keys: Type.Array(ConsumerKey, { default: [] }),
  certificates: Type.Array(ConsumerCertificate, { default: [] }),
  budget: Type.Optional(ConsumerBudget),
});

export const Consumers = Type.Array(Consumer, { default: [] });
