// A vendor that wants a limit is told one where the client names none: that much may come, and that much is held.
import { expect, it } from 'vitest';
import { aiGateway, asAnthropic, chat, errorOf, hello, rawProvider } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

const ANSWER = {
  id: 'm',
  type: 'message',
  model: 'claude-opus-4-8',
  content: [{ type: 'text', text: 'Hello' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 5 },
};

it('what Anthropic is told by default is held, however little is otherwise reserved', async () => {
  const waiting: (() => void)[] = [];
  const claude = await rawProvider((response) => {
    response.setHeader('content-type', 'application/json');
    waiting.push(() => response.end(JSON.stringify(ANSWER)));
  });
  const gateway = await aiGateway([asAnthropic(claude)], {
    ai: { reserve: { output: 10 } },
    consumer: { budget: { tokens: 9_000, per: '1d' } },
  });

  const first = chat(gateway, hello());
  await eventually(() => waiting.length === 1);
  const told = JSON.parse(claude.taken[0]?.body.toString() ?? '') as { max_tokens: number };
  expect(told.max_tokens).toBe(8_192);
  // Two at once could come to more than there is.
  expect(errorOf(await chat(gateway, hello()))).toMatchObject({ code: 'insufficient_quota' });
  // One that names less is held for less.
  const least = chat(gateway, { ...hello(), max_tokens: 20 });
  await eventually(() => waiting.length === 2);
  for (const answer of waiting) answer();
  expect([(await first).status, (await least).status]).toEqual([200, 200]);
});
