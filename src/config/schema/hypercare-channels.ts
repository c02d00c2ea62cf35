import { Type } from 'typebox';
import { HttpUrl, OneOf, Strict } from './units.ts';

export const PRIORITIES = ['P0', 'P1', 'P2', 'P3', 'P4'] as const;

export const CHANNEL_KINDS = [
  'webhook',
  'slack',
  'pagerduty',
  'alertmanager',
  'jira',
  'github',
  'smtp',
  'cloudevents',
] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

const text = (description: string) => Type.String({ default: '', description });

/** Where findings are told. What a kind needs and has not (`${VAR:-}`) switches it off, and the log says so. */
export const Channel = Strict({
  kind: OneOf(CHANNEL_KINDS),
  name: text('In the log and in findings about the channel; its kind and place in the list if left out.'),
  url: Type.Optional(
    Type.String({
      description:
        'webhook, slack, alertmanager, cloudevents: where to send it. slack with a token, pagerduty, jira, github: base of the API. smtp: smtp://host:port or smtps://…. Empty: off.',
    }),
  ),
  routingKey: Type.Optional(Type.String({ description: 'pagerduty: the integration key of the service.' })),
  token: text(
    'slack: a bot token (xoxb-…), needed for threads; jira and github: an API token; webhook, cloudevents, alertmanager: sent as Bearer.',
  ),
  secret: text('webhook: signs the body, as standardwebhooks.com says (whsec_…).'),
  user: text('jira: the account that the token is of. smtp: the login.'),
  password: text('smtp: of the login.'),
  channel: text('slack: id of the channel, with a token.'),
  project: text('jira: key of the project.'),
  issueType: Type.String({ default: 'Bug', description: 'jira: name of the issue type.' }),
  repository: text('github: owner/name.'),
  from: text('smtp: address of the sender.'),
  to: Type.Array(Type.String({ minLength: 3 }), { default: [], description: 'smtp: addresses.' }),
  priorities: Type.Array(OneOf(PRIORITIES), { default: [...PRIORITIES] }),
  console: Type.Optional(HttpUrl({ description: 'Base URL of the console, for links.' })),
});
