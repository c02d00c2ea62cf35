import { type Static, Type } from 'typebox';

/** Asymmetric only: with `none` nobody signs, and with HS* whoever can verify can sign. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const Duration = (standard: string, description: string) =>
  Type.Unsafe<number>({
    type: 'string',
    'x-unit': 'duration',
    pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
    examples: [standard],
    default: standard,
    description,
  });
const Text = Type.String({ minLength: 1, maxLength: 1024 });
const ClaimName = (standard: string, description: string) =>
  Type.String({ default: standard, minLength: 1, maxLength: 256, description });

export const Settings = Type.Object(
  {
    issuer: Type.String({ minLength: 1, description: 'What the claim iss must be, to the letter.' }),
    audience: Type.Union([Text, Type.Array(Text, { minItems: 1 })], {
      description: 'What the claim aud must be or hold; of several, one is enough.',
    }),
    jwksUri: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s]+$',
        examples: ['https://id.example.com/.well-known/jwks.json'],
        description: 'Where the issuer publishes its keys. http only on a loopback address.',
      }),
    ),
    jwks: Type.Optional(
      Type.Object(
        { keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1, maxItems: 100 }) },
        { additionalProperties: false, description: 'The public keys themselves, instead of jwksUri.' },
      ),
    ),
    discovery: Type.Boolean({
      default: false,
      description:
        'Ask the issuer where its keys are, at ISSUER/.well-known/openid-configuration, instead of jwksUri. The issuer must be an https URL then (http on a loopback address).',
    }),
    jwksOrigins: Type.Array(Text, {
      default: [],
      examples: [['https://www.googleapis.com']],
      description: "Origins besides the issuer's own on which discovery may find the keys.",
    }),
    algorithms: Type.Array(
      Type.Unsafe<(typeof ALGORITHMS)[number]>({ type: 'string', enum: [...ALGORITHMS] }),
      {
        default: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'],
        minItems: 1,
        uniqueItems: true,
        description: 'Signatures that are believed. Ed25519 is the name that EdDSA has since RFC 9864.',
      },
    ),
    clockSkew: Duration('30s', 'How far the clocks of issuer and gateway may be apart.'),
    consumerClaim: ClaimName('sub', 'Claim that names the consumer; `a.b` looks into the claim a.'),
    consumerPrefix: Type.String({
      default: 'jwt',
      pattern: '^[a-z][a-z0-9-]{0,15}$',
      description:
        'The consumer is called PREFIX:CLAIM, so that no token is ever a consumer of the config. Give issuers that may name the same people prefixes of their own.',
    }),
    configuredConsumers: Type.Boolean({
      default: false,
      description:
        'A claim that is exactly the name of a configured consumer makes the token that consumer, with its groups and limits. Only for an issuer that lets nobody choose the claim.',
    }),
    groupsClaim: ClaimName(
      'groups',
      'Claim that lists the groups; `a.b` looks into the claim a. scope and scp are split at spaces.',
    ),
    claims: Type.Array(Text, {
      default: [],
      uniqueItems: true,
      maxItems: 32,
      description:
        'Claims that are kept for authorize and rate-limit; `a.b` looks into the claim a. scope and scp are split at spaces.',
    }),
    required: Type.Record(Text, Type.Array(Type.String(), { minItems: 1 }), {
      default: {},
      description: 'Claims that must be, or hold, one of these values.',
    }),
    forward: Type.Boolean({ default: true, description: 'Whether the upstream gets to see the token.' }),
    timeout: Duration('5s', 'How long the issuer may take to send its keys.'),
    refresh: Duration('10m', 'How often the keys are fetched anew, behind the requests.'),
    cooldown: Duration('30s', 'How often, at most, a token with an unknown key makes the gateway ask.'),
    maxStale: Duration('24h', 'How long the last good keys serve while the issuer does not answer.'),
  },
  {
    additionalProperties: false,
    description:
      'Lets in who shows a JSON Web Token of the issuer as `Authorization: Bearer`. A verified token is remembered until it expires: one that the issuer revokes before that is let in unless the issuer takes its key out.',
  },
);
export type Settings = Static<typeof Settings>;
