import { expect, test } from 'vitest';
import { StreamedAnswer, type UpstreamAnswer } from '../../../src/upstream/call.ts';

/** An answer that has begun, and why its call was ended. */
async function begun() {
  const ended: string[] = [];
  const flow = {
    pause: () => undefined,
    resume: () => undefined,
    abort: (reason: Error) => void ended.push(reason.message),
  };
  let receiver: StreamedAnswer | undefined;
  const { body } = await new Promise<UpstreamAnswer>((resolve, reject) => {
    receiver = new StreamedAnswer(resolve, reject);
    receiver.onHead(200, {}, flow as never);
  });
  const failed = new Promise((resolve) => body.once('error', resolve));
  return { receiver: receiver as StreamedAnswer, body, ended, failed };
}

test.each([
  ['nobody wants it any more', undefined, 'the answer was not wanted any more'],
  ['it is too large', new Error('too large'), 'too large'],
])('an answer that is given up ends its call: %s', async (_, why, said) => {
  const { body, ended, failed } = await begun();
  body.destroy(why);
  expect(await failed).toMatchObject({ message: said });
  expect(ended).toEqual([said]);
});

test('one that has come to its end has nothing to end', async () => {
  const { receiver, body, ended } = await begun();
  receiver.onData(Buffer.from('x'));
  receiver.onEnd({});
  expect(await body.toArray()).toEqual([Buffer.from('x')]);
  body.destroy();
  expect(ended).toEqual([]);
});
