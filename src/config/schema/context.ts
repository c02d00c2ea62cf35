import { Type } from 'typebox';
import { DATA_KINDS, KIND_NAME } from '../../contracts/personal-data.ts';
import { Duration, HttpUrl, OneOf, Percent, Strict } from './units.ts';

/** The model context: what a conversation remembers. */
export const Context = Strict(
  {
    enabled: Type.Boolean({ default: false }),
    ttl: Duration({ default: '24h', description: 'A conversation ends when nobody spoke for so long.' }),
    maxAge: Duration({ default: '30d', description: 'A conversation ends at this age in any case.' }),
    onConflict: OneOf(['merge', 'reject'], { default: 'merge' }),
    onStoreDown: OneOf(['degrade', 'fail'], { default: 'degrade' }),
    onDisconnect: OneOf(['finish', 'cancel'], { default: 'finish' }),
    finishWithin: Duration({
      default: '60s',
      description: 'With `onDisconnect: finish`: how long an answer is read on when its client has left.',
    }),
    lease: Duration({
      default: '2m',
      description:
        'How long a conversation that takes one turn at a time, and an idempotency key, stay taken when the gateway that answers has died. While it lives it renews that.',
    }),
    storeResponses: Type.Boolean({
      default: true,
      description: 'Whether /v1/responses keeps what does not say `store: false`, as OpenAI does.',
    }),
    compaction: Strict(
      {
        trigger: Percent({ default: '75%' }),
        target: Percent({ default: '45%' }),
        summarizer: Type.String({ default: '' }),
        verbatimTurns: Type.Integer({ minimum: 0, default: 6 }),
        recall: Percent({
          default: '10%',
          description:
            'Of what a prompt may have, for what is recalled. Where that is less than 2,000 tokens, as many, up to two thirds of `trigger`. 0 % = nothing is recalled.',
        }),
        window: Type.Integer({
          minimum: 0,
          default: 0,
          description:
            'Tokens that prompts and answers are kept within; 0 = what the model can take, 128,000 where that is not known. Less is cheaper and faster.',
        }),
      },
      { default: {} },
    ),
    privacy: Strict(
      {
        redact: Type.Array(OneOf(DATA_KINDS), {
          default: [],
          description:
            'What is taken out before anything is stored. Cards and IBANs are held to their checksums.',
        }),
        patterns: Type.Record(
          Type.String({ pattern: KIND_NAME }),
          Type.String({ minLength: 1, 'x-regex': true }),
          {
            default: {},
            additionalProperties: false,
            description:
              'Further kinds that are taken out: an RE2 expression each, of which a find is at most 300 characters long.',
          },
        ),
        encryptWith: Type.String({
          default: '',
          description: 'The secret that each consumer’s key is wrapped with; empty: nothing is encrypted.',
        }),
        decryptWith: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description: 'Secrets that were in its place before: keys are wrapped anew within a minute.',
        }),
      },
      { default: {} },
    ),
    probes: Type.Array(
      Strict({
        file: Type.String({
          minLength: 1,
          description: 'A script; a relative path stands beside this file.',
        }),
        model: Type.String({ description: 'Alias that it talks to.' }),
        every: Type.String({ description: 'Cron: when it runs.', examples: ['*/15 * * * *'] }),
        timezone: Type.String({ default: 'UTC' }),
        apiKey: Type.String({ description: 'The key of a consumer, for whom the probe talks.' }),
        admin: Type.Optional(
          Strict(
            { token: Type.String({ minLength: 1, description: 'Of this gateway’s admin API.' }) },
            {
              description:
                'For scripts with the steps `reload` or `admin`, where the admin API asks for a token.',
            },
          ),
        ),
        url: Type.Optional(
          HttpUrl({
            description: 'Of the AI routes, if it is not this gateway’s own listener (with TLS it must be).',
          }),
        ),
      }),
      { default: [], maxItems: 100, description: 'Scripted conversations that are held on a schedule.' },
    ),
  },
  { default: {} },
);
