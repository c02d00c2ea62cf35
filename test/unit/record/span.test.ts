import { expect, it } from 'vitest';
import { newAiFacts } from '../../../src/ai/ai-facts.ts';
import { LiveExchange } from '../../../src/record/exchange.ts';
import { type SpanNames, spanOf } from '../../../src/record/span.ts';

const NAMES: SpanNames = {
  pathOf: (route) => (route === 'orders' ? '/orders/{id}' : undefined),
  kindOf: (provider) => ({ primary: 'azure-openai', backup: 'anthropic' })[provider],
};

const exchangeAt = (wall: number): LiveExchange =>
  new LiveExchange({ headers: {}, method: 'GET', socket: {} }, 1, { wall, monotonic: 7 });

it('says what the conventions mean by their names, and the config’s names under the gateway’s own', () => {
  const orders = Object.assign(exchangeAt(0), { route: 'orders', bytesIn: 300, bytesOut: 400 });
  const { attributes } = spanOf(orders, NAMES);
  expect(attributes).toMatchObject({
    'http.route': '/orders/{id}',
    'gateway.route': 'orders',
    'http.request.size': 300,
    'http.response.size': 400,
  });
  expect(Object.keys(attributes).filter((name) => name.endsWith('body.size'))).toEqual([]);
});

it.each([
  ['primary', 'azure.ai.openai'],
  ['backup', 'anthropic'],
])('a call to the provider %s was one to %s', (provider, name) => {
  const ai = { ...newAiFacts('chat', 'support', false, Buffer.from('{}')), provider };
  const { attributes } = spanOf(Object.assign(exchangeAt(0), { route: 'ai', ai }), NAMES);
  expect(attributes).toMatchObject({ 'gen_ai.provider.name': name, 'gateway.ai.provider': provider });
  expect(attributes).not.toHaveProperty('http.route');
});

it('attempts that failed stand where they failed', () => {
  const failed = { upstream: 'shop', target: 'http://a:1', reason: '503', endedMs: 40 };
  const exchange = Object.assign(exchangeAt(1_000), { failedAttempts: [failed], durationMs: 900 });
  expect(spanOf(exchange, NAMES).events).toMatchObject([{ at: 1_040, attributes: { 'error.type': '503' } }]);
});
