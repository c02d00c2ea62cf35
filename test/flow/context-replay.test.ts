// The same request sent again: its answer if there is one, and otherwise another try.
import { expect, it } from 'vitest';
import { aiGateway, DONE, ROLE, rawProvider, STOP, STREAM_HEADERS, sdk, word } from '../helpers/ai.ts';

const ON = { context: { enabled: true } };

it('a stream that its provider broke off is asked for anew, not given again as if it were whole', async () => {
  let calls = 0;
  const provider = await rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS);
    response.write(`${ROLE}${word('Half of')}`);
    if (++calls === 1) setImmediate(() => response.destroy());
    else response.end(`${word(' it, and the rest.')}${STOP}${DONE}`);
  });
  const client = sdk(await aiGateway([provider], ON));
  const say = async () => {
    const stream = await client.chat.completions.create(
      { model: 'smart', messages: [{ role: 'user', content: 'All of it!' }], stream: true },
      { headers: { 'x-session-id': 's1', 'idempotency-key': 'k1' } },
    );
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  };
  await expect(say()).rejects.toThrow();
  expect(await say()).toBe('Half of it, and the rest.');
  // That one is whole: now it is given again.
  expect(await say()).toBe('Half of it, and the rest.');
  expect(calls).toBe(2);
});
