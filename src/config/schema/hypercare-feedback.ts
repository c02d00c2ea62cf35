import { Type } from 'typebox';
import { Duration, Name, OneOf, Percent, Strict } from './units.ts';

const Survey = Strict({
  name: Name('Names the survey.'),
  kind: OneOf(['csat', 'nps', 'thumbs']),
  question: Type.String({ minLength: 1, maxLength: 300 }),
  pages: Type.Array(Type.String({ pattern: '^/' }), {
    default: [],
    description: 'Paths of pages on which it may be asked, /shop/* for all below. None: on every page.',
  }),
  share: Percent({ default: '5%', description: 'Of the visitors.' }),
  every: Duration({ default: '30d', description: 'A visitor is asked again after this at the earliest.' }),
  after: Duration({ default: '30s', description: 'How long somebody has been on the page by then.' }),
});

const TicketSource = Strict({
  kind: OneOf(['jira', 'zendesk', 'github']),
  secret: Type.String({
    description: 'That its webhooks are signed with. It must not be empty: anybody could write tickets.',
  }),
});

const limit = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 100_000, default: value, description });

/** What people say: the public POST <prefix>/feedback, its widget and surveys, and tickets from other systems. */
export const Feedback = Strict(
  {
    enabled: Type.Optional(
      Type.Boolean({
        description:
          'Whether /v1/feedback and /v1/status are served, to anyone. Unless it is written: where no route matches them.',
      }),
    ),
    origins: Type.Array(Type.String({ pattern: '^(\\*|https?://[^\\s/]+)$' }), {
      default: [],
      description: 'Pages of which origins may send it (CORS): ["https://shop.example"], or ["*"].',
    }),
    limits: Strict(
      {
        perKey: limit(60, 'A minute, of one API key.'),
        perAddress: limit(20, 'A minute, of one address (an IPv6 network of /64).'),
        perSession: limit(10, 'A minute, of one session.'),
      },
      { default: {} },
    ),
    keep: Duration({ default: '400d', description: 'How long what people wrote is kept.' }),
    surveys: Type.Array(Survey, { default: [] }),
    tickets: Type.Array(TicketSource, { default: [] }),
  },
  { default: {} },
);
