// Whatever a provider does wrong, and whichever format the application speaks: the call ends in one named outcome, is in
// the books once, and draws on its budget once.
import { describe, expect, it } from 'vitest';
import type { FaultSettings } from '../../src/demo/fault-settings.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat, modelService } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

/** For those that fall silent. */
const TIMEOUTS = { firstToken: '2s', idle: '2s' };
const BUDGET = { name: 'calls', scope: 'consumer', requests: 10, per: '1d' };

type End = readonly [outcome: string, reason: string];

/** What of one fault comes to be, where bytes pass (in by either API of OpenAI) and where they are translated (Anthropic in), if not the same. */
const FAULTS: readonly (readonly [what: string, FaultSettings, stream: boolean, End, translated?: End])[] = [
  ['no fault', {}, true, ['complete', 'ok']],
  ['events in pieces', { splitEvents: true }, true, ['complete', 'ok']],
  ['a slow first token', { slowFirstTokenMs: 200 }, true, ['complete', 'ok']],
  ['no usage', { missingUsage: true }, true, ['complete', 'ok']],
  ['no usage in a whole answer', { missingUsage: true }, false, ['complete', 'ok']],
  ['no finish reason', { missingFinish: true }, true, ['truncated', 'upstream_truncated']],
  [
    'no finish reason in a whole answer',
    { missingFinish: true },
    false,
    ['no_finish_reason', 'provider_finish_missing'],
  ],
  ['an event that breaks off', { truncate: 3 }, true, ['truncated', 'upstream_truncated']],
  ['an answer that breaks off', { truncate: true }, false, ['truncated', 'upstream_truncated']],
  ['half an event, and a good end', { halfEvent: 3 }, true, ['truncated', 'upstream_truncated']],
  ['429 with Retry-After', { status: { value: 429, retryAfter: 7 } }, true, ['upstream_4xx', 'upstream_4xx']],
  ['429 without', { status: 429 }, false, ['upstream_4xx', 'upstream_4xx']],
  ['529', { status: 529 }, true, ['upstream_5xx', 'upstream_5xx']],
  ['silence after the head', { stall: true }, true, ['upstream_timeout', 'upstream_timeout']],
  ['silence in the middle', { stallAfter: 5 }, true, ['truncated', 'upstream_stalled']],
  ['garbage', { garbage: true }, true, ['upstream_invalid', 'provider_invalid_answer']],
  ['garbage as JSON', { garbage: true }, false, ['upstream_invalid', 'provider_invalid_answer']],
  // What is too large to be read is passed on, and nobody knows how it ended; it can't be translated.
  [
    'an event of 9 MB',
    { hugeEvent: true },
    true,
    ['no_finish_reason', 'ok'],
    ['upstream_too_large', 'upstream_too_large'],
  ],
  ['a page of HTML', { htmlError: true }, true, ['upstream_invalid', 'provider_invalid_answer']],
  ['another content type', { wrongContentType: true }, true, ['upstream_invalid', 'provider_invalid_answer']],
  ['a reset', { reset: true }, true, ['upstream_reset', 'upstream_reset']],
];

const ROWS = FAULTS.map(([what, faults, stream, plain, translated = plain]) => ({
  what,
  faults,
  stream,
  ends: { openai: plain, responses: plain, anthropic: translated },
}));

const messages = [{ role: 'user', content: 'Hello' }];
const FORMATS = {
  openai: { path: '/v1/chat/completions', body: { messages, stream_options: { include_usage: true } } },
  responses: { path: '/v1/responses', body: { input: messages } },
  anthropic: { path: '/v1/messages', body: { messages, max_tokens: 100 } },
} as const;

describe.each(['openai', 'responses', 'anthropic'] as const)('%s in', (format) => {
  it.each(ROWS)('$what', async ({ faults, stream, ends }) => {
    const service = await modelService();
    const isSilent = 'stall' in faults || 'stallAfter' in faults;
    const gateway = await aiGateway([service], { ai: { budgets: [BUDGET] } }, isSilent ? TIMEOUTS : {});
    const [outcome, reason] = ends[format];
    service.faults.set(faults);
    const { path, body } = FORMATS[format];
    const { stream_options, ...rest } = { stream_options: undefined, ...body };

    await chat(gateway, { model: 'smart', stream, ...rest, ...(stream && { stream_options }) }, {}, path);

    const line = await gateway.accessLine((each) => each.path === path);
    expect(line).toMatchObject({ outcome, reason, attempts: 1 });
    const usage = await eventually(async () => {
      const { items } = (await admin(gateway, '/api/usage?by=outcome')).body as { items: object[] };
      return items.length > 0 && items;
    });
    expect(usage).toMatchObject([{ by: { outcome }, calls: 1 }]);
    await eventually(async () => (await gateway.metric('gateway_budget_used_ratio')) === 0.1);
    expect(await gateway.metric('gateway_ai_outcomes_total')).toBe(1);
    // Nobody has generated anything that the client can't see the price of.
    const cost = await gateway.metric('gateway_ai_cost_usd_total');
    expect(cost > 0).toBe(line.usage_source !== undefined);
    expect(cost).toBeCloseTo(Number(line.usd ?? 0), 9);
  });
});
