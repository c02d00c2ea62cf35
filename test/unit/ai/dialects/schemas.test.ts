// Schemas that answers are held to: each vendor promises to keep to others.
import { describe, expect, it } from 'vitest';
import { anthropic } from '../../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../../src/ai/providers/bedrock/index.ts';
import { openaiServices } from '../../../../src/ai/providers/openai.ts';
import type { Provider } from '../../../../src/contracts/provider.ts';
import { convert, refusedField } from '../../../helpers/translate.ts';

const openai = openaiServices.openai as Provider;
const hi = { messages: [{ role: 'user', content: 'Hi' }] };
const CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

const PERSON = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    name: { type: 'string', description: 'In full.', minLength: 1, pattern: '^[A-Z]' },
    age: { type: 'integer', minimum: 0 },
    mail: { type: 'string', format: 'email' },
    tags: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } }, minItems: 2 },
    pet: { oneOf: [{ $ref: '#/$defs/Pet' }, { type: 'null' }] },
    kind: { enum: ['a', null, 1] },
  },
  required: ['name'],
  $defs: { Pet: { type: ['object', 'null'], properties: {} } },
};
const CLOSED = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'In full.\n\n{minLength: 1, pattern: "^[A-Z]"}' },
    age: { type: 'integer', description: '{minimum: 0}' },
    mail: { type: 'string', format: 'email' },
    tags: {
      type: 'array',
      items: { type: 'object', properties: { id: { type: 'string' } }, additionalProperties: false },
      description: '{minItems: 2}',
    },
    pet: { anyOf: [{ $ref: '#/$defs/Pet' }, { type: 'null' }] },
    kind: { enum: ['a', null, 1] },
  },
  required: ['name'],
  additionalProperties: false,
  $defs: { Pet: { type: ['object', 'null'], properties: {}, additionalProperties: false } },
};
const format = (schema: object) => ({
  ...hi,
  response_format: { type: 'json_schema', json_schema: { name: 'person', schema } },
});

describe('what Anthropic’s models are held to', () => {
  it('is a schema with closed objects, and the rest is told them', () => {
    expect(convert('openai-chat', anthropic, format(PERSON))).toHaveProperty('output_config.format', {
      type: 'json_schema',
      schema: CLOSED,
    });
  });

  it('also at Bedrock', () => {
    const sent = convert('openai-chat', bedrock, format(PERSON), CLAUDE);
    const { schema } = (
      sent as { outputConfig: { textFormat: { structure: { jsonSchema: { schema: string } } } } }
    ).outputConfig.textFormat.structure.jsonSchema;
    expect(JSON.parse(schema)).toEqual(CLOSED);
  });

  it.each([true, false])('strict tools too, and only those (%s)', (strict) => {
    const tools = [{ type: 'function', function: { name: 'add', parameters: PERSON, strict } }];
    expect(convert('openai-chat', anthropic, { ...hi, tools }).tools).toEqual([
      { name: 'add', input_schema: strict ? CLOSED : PERSON, strict },
    ]);
    expect(convert('openai-chat', bedrock, { ...hi, tools }, CLAUDE)).toHaveProperty('toolConfig.tools', [
      { toolSpec: { name: 'add', inputSchema: { json: strict ? CLOSED : PERSON }, strict } },
    ]);
  });

  it.each<[string, object]>([
    ['a map', { type: 'object', additionalProperties: { type: 'number' } }],
    [
      'two objects that are one',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } } },
          { type: 'object', properties: { b: { type: 'string' } } },
        ],
      },
    ],
    ['anything', { type: 'object', additionalProperties: true }],
    [
      'a record with more of one kind',
      { type: 'object', properties: { a: {} }, additionalProperties: { type: 'number' } },
    ],
    ['a map by pattern', { type: 'object', patternProperties: { '^x': { type: 'number' } } }],
  ])('can’t be %s: closed it would be another', (_, schema) => {
    const nested = { type: 'object', properties: { x: schema } };
    for (const each of [schema, nested])
      for (const to of [anthropic, bedrock])
        expect(refusedField('openai-chat', to, format(each), CLAUDE)).toBe('response_format');
  });

  it('properties may have the names of keywords', () => {
    const schema = {
      type: 'object',
      properties: { additionalProperties: { type: 'string' }, allOf: { type: 'string' } },
      additionalProperties: false,
    };
    expect(convert('openai-chat', anthropic, format(schema))).toHaveProperty(
      'output_config.format.schema',
      schema,
    );
  });
});

describe('what OpenAI’s models are held to by a message', () => {
  it.each([true, undefined])('strict tools only where that can be kept (%s)', (strict) => {
    const parameters = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
    const required = strict ? ['a'] : [];
    const tools = [{ name: 'f', strict: true, input_schema: { ...parameters, required } }];
    const sent = convert('anthropic-messages', openai, { ...hi, max_tokens: 9, tools });
    expect((sent.tools as { function: object }[])[0]?.function).toEqual({
      name: 'f',
      parameters: { ...parameters, required },
      ...(strict && { strict }),
    });
  });

  const strictOf = (schema: object) => {
    const asked = { ...hi, max_tokens: 9, output_config: { format: { type: 'json_schema', schema } } };
    const sent = convert('anthropic-messages', openai, asked);
    return (sent as { response_format: { json_schema: { strict?: boolean } } }).response_format.json_schema
      .strict;
  };
  const closed = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };

  it('is a schema with nothing left open', () => {
    expect(strictOf({ ...closed, required: ['a'] })).toBe(true);
  });

  it.each<[string, object]>([
    ['a property may be missing', closed],
    ['others may be there', { type: 'object', properties: {} }],
    [
      'it is so further in',
      {
        type: 'object',
        properties: { a: { anyOf: [closed] } },
        required: ['a'],
        additionalProperties: false,
      },
    ],
    ['OpenAI has no such word', { ...closed, required: ['a'], patternProperties: {} }],
    ['it is of no object', { type: 'array', items: { type: 'string' } }],
  ])('is tried where %s', (_, schema) => {
    expect(strictOf(schema)).toBeUndefined();
  });
});
