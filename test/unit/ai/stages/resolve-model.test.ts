// What a call holds on to while it is answered, which may take minutes.
import { expect, it } from 'vitest';
import { routeAgain } from '../../../../src/ai/stages/resolve-model.ts';

const model = { name: 'wide', route: () => 'wide', fallback: [], deployments: [{ window: 8000 }] };

it.each([
  ['a conversation that is routed again', { mode: 'delta' }, [8000]],
  ['what nobody routes again', { mode: 'full' }, []],
])('of %s the body that it was read from is let go', async (_, context, windows) => {
  const asked: number[] = [];
  const call = {
    exchange: { context, consumerGroups: [] },
    request: { model: 'wide', hasTools: false },
    catalog: new Map([['wide', model]]),
    format: { kind: 'chat' },
    headers: {},
    bytes: Buffer.from('{}'),
    shorten: async (window: number) => void asked.push(window),
  };

  await routeAgain(call as never);

  expect(asked).toEqual(windows);
  expect(call.shorten).toBeUndefined();
});
