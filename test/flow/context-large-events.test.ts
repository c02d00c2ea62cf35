// A response says all of itself in its last event: with a picture that the model has made, of megabytes.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { aiGateway, rawProvider, STREAM_HEADERS, sdk } from '../helpers/ai.ts';

/** Comes in many pieces; two bytes a character, so that many are cut. */
const PICTURE = 'A'.repeat(3 * 1024 * 1024 + 1);
const WORDS = 'é'.repeat(500_001);

const provider = () =>
  rawProvider((response) => {
    const before = { id: 'resp_of_theirs', object: 'response', model: 'm' };
    const behind = { previous_response_id: null, store: false };
    const content = [{ type: 'output_text', text: WORDS, annotations: [] }];
    const output = [
      { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: PICTURE },
      { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content },
    ];
    const usage = { input_tokens: 9, output_tokens: 30, total_tokens: 39 };
    const events = [
      { type: 'response.created', response: { ...before, status: 'in_progress', output: [], ...behind } },
      { type: 'response.output_item.added', output_index: 1, item: { ...output[1], content: [] } },
      { type: 'response.output_text.delta', output_index: 1, item_id: 'msg_1', delta: 'é' },
      { type: 'response.completed', response: { ...before, status: 'completed', output, usage, ...behind } },
    ];
    response.writeHead(200, STREAM_HEADERS);
    response.end(events.map((each) => `event: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`).join(''));
  });

it('is known here by its own id, however large the event is that says so', async () => {
  const { responses } = sdk(await aiGateway([await provider()], { context: { enabled: true } }));
  const said: OpenAI.Responses.Response[] = [];
  const stream = await responses.create({ model: 'smart', input: 'A picture, please.', stream: true });
  for await (const event of stream) if ('response' in event) said.push(event.response);
  const [created, completed] = said;
  expect(created?.id).toMatch(/^resp_(?!of_theirs)/);
  const { id, output, ...about } = completed as OpenAI.Responses.Response & { store?: boolean };
  expect([id, about.store, about.previous_response_id]).toEqual([created?.id, true, null]);
  expect(JSON.stringify(output)).not.toContain('\ufffd');
  expect(output).toMatchObject([{ result: PICTURE }, { content: [{ text: WORDS }] }]);
  expect((await responses.retrieve(id)).id).toBe(id);
});
