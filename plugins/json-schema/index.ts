import { type Static, Type } from 'typebox';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { AnswerFilter } from '../../src/contracts/guard.ts';
import type { PolicyDescriptor, SchemaCheck } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';

const Settings = Type.Object(
  {
    schema: Type.Unknown({
      description: 'JSON Schema (2020-12, or draft-07 by its $schema) that the text of each answer must fit.',
    }),
    models: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'Only answers of these models, by the name that was asked for. Absent: of all.',
      }),
    ),
    largest: Type.Integer({
      minimum: 1,
      maximum: 4 * 1024 * 1024,
      default: 256 * 1024,
      description: 'Characters of an answer that are held until it is whole. A longer one breaks the schema.',
    }),
    mode: Type.Unsafe<'enforce' | 'report'>({
      type: 'string',
      enum: ['enforce', 'report'],
      default: 'enforce',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Holds the text of answers to a JSON Schema: one that breaks it ends with answer_invalid. A stream’s text is held back until it is whole. Calls of tools, and what is said beside them, and refusals are held to none. On AI routes.',
  },
);
type Settings = Static<typeof Settings>;

const jsonSchema: PolicyDescriptor<Settings> = {
  name: 'json-schema',
  slot: 'inspect',
  on: 'ai',
  schema: Settings,
  check({ schema }, { compileSchema }) {
    try {
      compileSchema(schema);
      return undefined;
    } catch (error) {
      return `schema: ${(error as Error).message}`;
    }
  },
  create(settings, ports) {
    const check = ports.compileSchema(settings.schema);
    const { models } = settings;
    return {
      guardModel: (exchange) => ({
        openAnswer: (kind) =>
          kind === 'text' && (models?.includes(exchange.ai?.model ?? '') ?? true)
            ? wholeText(settings, check, exchange)
            : undefined,
      }),
    };
  },
};

/** Nothing of a text goes on before all of it is known to fit; in report mode all of it goes on at once. */
function wholeText({ largest, mode }: Settings, check: SchemaCheck, exchange: Exchange): AnswerFilter {
  const enforces = mode === 'enforce';
  let held = '';
  let length = 0;
  const breaks = (breach: string): void => {
    exchange.guards ??= [];
    const action = enforces ? 'blocked' : 'reported';
    exchange.guards.push({ guard: 'json-schema', action, direction: 'answer', rule: 'schema' });
    if (enforces) throw new GatewayError('answer_invalid', { cause: new Error(breach) });
  };
  return {
    judges: true,
    take(text) {
      length += text.length;
      if (length <= largest) held += text;
      else if (enforces) breaks(`it is longer than ${largest} characters`);
      return enforces ? '' : text;
    },
    end(isAside = false) {
      const breach = length > largest ? `it is longer than ${largest} characters` : breachOf(held, check);
      if (breach !== undefined && !isAside) breaks(breach);
      const rest = enforces ? held : '';
      held = '';
      return rest;
    },
  };
}

function breachOf(text: string, check: SchemaCheck): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is no JSON';
  }
  const breach = check(value);
  return breach === undefined ? undefined : `at ${breach}`;
}

export default jsonSchema;
