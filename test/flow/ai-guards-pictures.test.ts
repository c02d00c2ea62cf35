// A picture that a model made comes back in its text, where messages have no other place for it: its bytes are nobody's words.
import { expect, it } from 'vitest';
import { aiGateway, asAnthropic, chat, rawProvider } from '../helpers/ai.ts';

const json = { 'content-type': 'application/json' };
const answers = (body: object) =>
  rawProvider((response) => response.writeHead(200, json).end(JSON.stringify(body)));
/** With a card's number in its letters. */
const PNG = `iVBORw0KGgoAAAANSUhEUgAA4111111111111111AAAA${'kite'.repeat(200)}=`;
const picture = (of: string) => `![${of}](data:image/png;base64,${PNG})`;

it('it goes on whole, what stands around it is redacted, and a guard elsewhere is not sent it', async () => {
  const provider = await answers({
    ...{ id: 'm', type: 'message', role: 'assistant', model: 'c', stop_reason: 'end_turn' },
    content: [{ type: 'text', text: 'Bluer.' }],
    usage: { input_tokens: 1, output_tokens: 1 },
  });
  const guard = await answers({ action: 'allow' });
  const gateway = await aiGateway([asAnthropic(provider)], {
    policies: [{ redact: {} }, { 'guard-webhook': { url: guard.url } }],
  });

  const answer = await chat(
    gateway,
    {
      ...{ model: 'smart', max_tokens: 99 },
      messages: [
        { role: 'user', content: 'Draw ada@example.com.' },
        { role: 'assistant', content: [{ type: 'text', text: picture('ada@example.com') }] },
        { role: 'user', content: 'Bluer.' },
      ],
    },
    {},
    '/v1/messages',
  );

  expect(answer.status).toBe(200);
  const { messages } = JSON.parse(String(provider.taken[0]?.body));
  expect(messages[1].content[0].text).toBe(picture('[EMAIL_1]'));
  expect(JSON.parse(String(guard.taken[0]?.body)).texts[1]).toEqual({
    role: 'assistant',
    text: '![[EMAIL_1]](data:image/png;base64,)',
  });
});
