// Thoughts of a response are thoughts, whether it comes whole or as a stream, and wherever its server writes them.
import { expect, it } from 'vitest';
import { openaiResponses } from '../../../../src/ai/dialects/openai-responses/index.ts';
import type { JsonObject } from '../../../../src/contracts/model-request.ts';
import type { StreamPart } from '../../../../src/contracts/stream-part.ts';

const summarized = { summary: [{ type: 'summary_text', text: 'Hm.' }] };
const shown = { summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] };
const sealed = { encrypted_content: 'gAAAAABo' };
const message = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'Well.', annotations: [] }],
};

const eventsOf = (thought: JsonObject, output: readonly JsonObject[]): JsonObject[] => [
  { type: 'response.created', response: { id: 'resp_1', model: 'm' } },
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', summary: [] },
  },
  ...('content' in thought ? [{ type: 'response.reasoning_text.delta', output_index: 0, delta: 'Hm.' }] : []),
  ...(thought.summary === summarized.summary
    ? [{ type: 'response.reasoning_summary_text.delta', output_index: 0, delta: 'Hm.' }]
    : []),
  { type: 'response.output_item.done', output_index: 0, item: thought },
  { type: 'response.output_item.added', output_index: 1, item: { ...message, content: [] } },
  { type: 'response.output_text.delta', output_index: 1, delta: 'Well.' },
  { type: 'response.completed', response: { id: 'resp_1', status: 'completed', output } },
];

it.each<[string, object, StreamPart[]]>([
  ['summed up', summarized, [{ type: 'reasoning', text: 'Hm.' }]],
  [
    'summed up, and sealed',
    { ...summarized, ...sealed },
    [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'reasoning-signature', signature: 'gAAAAABo', maker: 'vllm' },
    ],
  ],
  ['as they are', shown, [{ type: 'reasoning', text: 'Hm.' }]],
  [
    'as they are, and sealed',
    { ...shown, ...sealed },
    [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'reasoning-signature', signature: 'gAAAAABo', maker: 'vllm' },
    ],
  ],
  [
    'sealed alone',
    { summary: [], ...sealed },
    [{ type: 'reasoning-opaque', data: 'gAAAAABo', maker: 'vllm' }],
  ],
])('%s', (_, fields, thoughts) => {
  const thought: JsonObject = { type: 'reasoning', id: 'rs_1', ...fields };
  const output = [thought, message];
  const { readAnswer, openStream } = openaiResponses('vllm');
  const streamed: StreamPart[] = [];
  const reader = openStream?.((part) => streamed.push(part));
  for (const event of eventsOf(thought, output)) reader?.read(event, '');

  const whole = readAnswer({ id: 'resp_1', model: 'm', status: 'completed', output });

  expect(whole).toEqual([
    { type: 'start', id: 'resp_1', model: 'm' },
    { type: 'item-start', id: 'rs_1' },
    ...thoughts,
    { type: 'item-start', id: 'msg_1' },
    { type: 'text', text: 'Well.' },
    { type: 'finish', reason: 'stop' },
  ]);
  expect(streamed).toEqual([...(whole ?? []), { type: 'end' }]);
});
