import { type Static, Type } from 'typebox';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { GuardedRequest } from '../../src/contracts/guard.ts';
import type { PolicyDescriptor, PolicyPorts } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { askGuard } from './ask-guard.ts';

const Settings = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://[^\\s/?#@]+(/[^\\s#]*)?$',
      description:
        'Is sent { request_id, consumer, texts: [{ role, text }] } by POST and answers { "action": "allow" } or { "action": "block", "rule": "toxicity" }.',
    }),
    token: Type.Optional(
      Type.String({ minLength: 1, description: 'Sent as Authorization: Bearer. ${VAR} or ${file:PATH}.' }),
    ),
    timeout: Type.Unsafe<number>({
      type: 'string',
      'x-unit': 'duration',
      pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
      default: '2s',
      description: 'For its whole answer.',
    }),
    onFailure: Type.Unsafe<'refuse' | 'allow'>({
      type: 'string',
      enum: ['refuse', 'allow'],
      default: 'refuse',
      description:
        'What becomes of a call that it does not judge in time (503 guard_unavailable) or can’t (tokens: 400 field_not_supported): that, or it goes on.',
    }),
    mode: Type.Unsafe<'enforce' | 'report'>({
      type: 'string',
      enum: ['enforce', 'report'],
      default: 'enforce',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Asks a guard of your own about each request to a model. Answers are not shown to it. On AI routes.',
  },
);
type Settings = Static<typeof Settings>;

const guardWebhook: PolicyDescriptor<Settings> = {
  name: 'guard-webhook',
  slot: 'inspect',
  on: 'models',
  schema: Settings,
  check: ({ url }) => (URL.canParse(url) ? undefined : 'url is no valid URL'),
  create(settings, ports) {
    const stop = new AbortController();
    return {
      guardModel: (exchange) => ({
        onRequest: (request) => judge(settings, ports, exchange, request, stop.signal),
      }),
      dispose: () => stop.abort(),
    };
  },
};

async function judge(
  settings: Settings,
  { degraded, fetch }: Pick<PolicyPorts, 'degraded' | 'fetch'>,
  exchange: Exchange,
  request: GuardedRequest,
  stop: AbortSignal,
): Promise<Error | undefined> {
  const enforces = settings.mode === 'enforce';
  const mustJudge = enforces && settings.onFailure === 'refuse';
  const note = (rule: string, blocks: boolean): void => {
    const action = blocks ? 'blocked' : 'reported';
    exchange.guards ??= [];
    exchange.guards.push({ guard: 'guard-webhook', action, direction: 'request', rule });
  };
  const { unreadable, leaving } = request;
  if (unreadable) {
    note('unreadable', mustJudge);
    return mustJudge ? unreadable : undefined;
  }
  const question = {
    request_id: exchange.id,
    consumer: exchange.consumer,
    texts: request.texts.map(({ role, text }) => ({ role, text })),
  };
  const left = new AbortController();
  const leave = (): void => left.abort();
  if (leaving.aborted) return leaving.reason;
  leaving.once('abort', leave);
  let rule: string | undefined;
  try {
    rule = await askGuard(fetch, settings, question, AbortSignal.any([stop, left.signal]));
  } catch (cause) {
    // Nobody waited for it any more: it has not failed.
    if (leaving.aborted) return leaving.reason;
    degraded(mustJudge ? 'fail_closed' : 'fail_open', cause as Error);
    return mustJudge ? new GatewayError('guard_unavailable', { cause }) : undefined;
  } finally {
    leaving.off('abort', leave);
  }
  if (rule === undefined) return undefined;
  note(rule, enforces);
  return enforces ? new GatewayError('content_filtered', { cause: `guard-webhook: ${rule}` }) : undefined;
}

export default guardWebhook;
