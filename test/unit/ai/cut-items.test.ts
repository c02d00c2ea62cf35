// Of an answer that a limit has cut, clients of responses are told what was cut: nobody runs half of a call.
import { expect, it } from 'vitest';
import { CHAT_FORMATS } from '../../../src/ai/formats/index.ts';
import { gatherAnswer } from '../../../src/ai/gather-answer.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';

const NAME = { id: 'r1', requestId: 'r1', model: 'smart', created: 1 };
const format = CHAT_FORMATS.find(({ name }) => name === 'openai-responses');
const asked = format?.readRequest({ model: 'm', input: 'Hi' });

interface Told {
  status: string;
  output: JsonObject[];
}

const text = (said: string): StreamPart => ({ type: 'text', text: said });
const picture: StreamPart = { type: 'image', mediaType: 'image/png', data: 'aa' };
const call = (at: number, said: string): StreamPart[] => [
  { type: 'tool-call-start', call: at, id: `c${at}`, name: 'remove' },
  { type: 'tool-call-arguments', call: at, text: said },
];

it.each<[string, StreamPart[], string[]]>([
  [
    'a call',
    [text('I look.'), picture, ...call(0, '{"path":"/a"}'), ...call(1, '{"path":"/')],
    ['completed', 'completed', 'completed', 'incomplete'],
  ],
  ['a call that had only begun', [text('I look.'), ...call(0, '')], ['completed', 'incomplete']],
  [
    'a text behind a call',
    [text('I look.'), ...call(0, '{}'), text('And the')],
    ['completed', 'completed', 'incomplete'],
  ],
])('a limit that cuts %s cuts that alone, in a response and in a stream of one', (_, said, statuses) => {
  const parts: StreamPart[] = [...said, { type: 'finish', reason: 'length' }];
  const whole = asked && (format?.writeAnswer(gatherAnswer(parts), NAME, asked) as unknown as Told);
  const { items, response } = streamed(parts);

  expect([response.status, whole?.status]).toEqual(['incomplete', 'incomplete']);
  expect(response.output.map(({ status }) => status)).toEqual(statuses);
  expect(whole?.output).toEqual(response.output);
  expect(items).toEqual(response.output);
});

it('an answer that no limit has cut is complete, whatever its tools are called with', () => {
  const { response } = streamed([...call(0, ''), { type: 'finish', reason: 'tool_calls' }]);
  expect(response).toMatchObject({ status: 'completed', output: [{ status: 'completed' }] });
});

/** What a stream says at its end, and of each item once it is done, by their places. */
function streamed(parts: readonly StreamPart[]): { items: unknown[]; response: Told } {
  const writer = asked && format?.openStream?.(asked, NAME);
  const events = parts.map((part) => writer?.write(part)).join('') + writer?.end();
  const said = [...events.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data as string));
  const items: unknown[] = [];
  for (const { type, output_index: at, item } of said)
    if (type === 'response.output_item.done') items[at] = item;
  return { items, response: said.at(-1).response };
}
