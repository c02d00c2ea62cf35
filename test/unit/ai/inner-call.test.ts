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
  const askInside = innerCalls(({ cancel }) => void left.push(cancel.aborted), []);

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

it.each([
  ['is of the user, the tags and the session of the call that it is asked for', {}, ['ann', ['beta'], 's1']],
  ['is theirs too where it is the client’s own', { headers: {} }, ['ann', ['beta'], 's1']],
])('a question %s', async (_what, more, whose) => {
  const exchange = new LiveExchange({ headers: {}, socket: {} }, 1, { wall: 0, monotonic: 0 });
  const clock = { wall: () => 0, monotonic: () => 0 };
  const request = { user: 'ann', tags: ['beta'], session: 's1', conversation: '' };
  const outer = { exchange, request, ports: { clock, recorder: { record: () => undefined } } };
  const seen: unknown[] = [];
  const nobody = { user: '', tags: [], session: '' };
  const askInside = innerCalls(
    (call) => {
      call.request = { model: 'vectors', ...nobody } as never;
    },
    [({ request: read }) => void seen.push(read)],
  );

  const question = {
    purpose: 'cache',
    format: openaiEmbeddings,
    body: {},
    timeout: 60_000,
    ...more,
  } as const;
  // Nobody answers it here.
  await expect(askInside(outer as never, question)).rejects.toThrow(GatewayError);

  const [user, tags, session] = whose;
  expect(seen).toEqual([{ model: 'vectors', user, tags, session }]);
});
