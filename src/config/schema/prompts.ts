import { Type } from 'typebox';
import { ByName, OneOf, Strict } from './units.ts';

const Template = (description: string) => Type.String({ description });

const Message = Strict({
  role: OneOf(['system', 'developer', 'user', 'assistant']),
  content: Template(
    'With {{field}}, {{field.of.it}} and {{> partial}}. A value never becomes more than text here.',
  ),
});

const Tool = Strict({
  name: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  description: Type.Optional(Template('With {{field}} and {{> partial}}, as messages.')),
  parameters: Type.Optional(Type.Unknown({ description: 'JSON Schema of its arguments.' })),
  strict: Type.Optional(Type.Boolean()),
});

const Version = Strict({
  messages: Type.Array(Message, { minItems: 1 }),
  tools: Type.Optional(Type.Array(Tool, { minItems: 1 })),
  parameters: Type.Record(Type.String(), Type.Unknown(), {
    default: {},
    description: 'Further fields of a chat completion: { temperature: 0, max_completion_tokens: 200 }.',
  }),
  weight: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'Share of the callers who get this version in place of the one that `version` names, which needs one as well then. Each caller keeps theirs.',
    }),
  ),
});

/** Texts that prompts have in common. */
export const Partials = ByName(Template('With {{field}} and {{> partial}}.'), {
  default: {},
  description: 'Texts that prompts take in with {{> name}}.',
});

export const Prompt = Strict({
  model: Type.String(),
  version: Type.Integer({
    minimum: 1,
    description: 'The version that answers, unless versions have weights.',
  }),
  versions: Type.Record(Type.String({ pattern: '^\\d+$' }), Version, { additionalProperties: false }),
  input: Type.Optional(
    Type.Unknown({
      description:
        'JSON Schema of the input, an object. Defaults of its properties are filled in; fields that it does not name are refused unless it says additionalProperties. Absent: every field that the templates name, needed.',
    }),
  ),
  output: Type.Optional(
    Type.Unknown({
      description:
        'JSON Schema of the answer. The model is asked for JSON of it; an answer that breaks it is sent back once with what is wrong. Such a prompt is not streamed.',
    }),
  ),
  anyVersion: Type.Boolean({
    default: false,
    description: 'Whether a caller may choose a version with the header x-prompt-version.',
  }),
  showText: Type.Boolean({ default: false, description: 'Whether GET shows the templates to callers.' }),
});
