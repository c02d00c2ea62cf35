import { expect, it } from 'vitest';
import { openaiEmbeddings } from '../../../src/ai/formats/openai-embeddings/index.ts';
import { innerCalls } from '../../../src/ai/inner-call.ts';
import { GatewayError } from '../../../src/errors/gateway-error.ts';
import { LiveExchange } from '../../../src/record/exchange.ts';

it.each([
  ['nobody is asked for a client that had left before', false],
  ['what outlives its client is asked all the same', true],
])('%s', async (_what, outlives) => {
  const exchange = new LiveExchange({ headers: {}, socket: {} }, 1, { wall: 0, monotonic: 0 });
  const clock = { wall: () => 0, monotonic: () => 0 };
  const outer = { exchange, ports: { clock, recorder: { record: () => undefined } } };
  exchange.cancel.abort(new GatewayError('client_cancelled'));
  const left: boolean[] = [];
  const askInside = innerCalls([({ cancel }) => void left.push(cancel.aborted)]);

  const question = {
    purpose: 'cache',
    format: openaiEmbeddings,
    body: {},
    timeout: 60_000,
    outlives,
  } as const;
  await expect(askInside(outer as never, question)).rejects.toThrow(GatewayError);

  expect(left).toEqual([!outlives]);
});
