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
      description:
        'Characters of an answer, which is held until it is whole. A longer one breaks the schema. What turns out to stand beside a call of a tool may be as long, and 262144 in any case.',
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

/** Characters of a text that may yet turn out to stand beside a call, however short an answer has to be. */
const LARGEST_BESIDE = 256 * 1024;

/**
 * Nothing of a text goes on before all of it is known to fit; in report mode all of it goes on at once, and what it was is
 * recorded when its answer has ended.
 */
function wholeText({ largest, mode }: Settings, check: SchemaCheck, exchange: Exchange): AnswerFilter {
  const enforces = mode === 'enforce';
  const mostHeld = enforces ? Math.max(largest, LARGEST_BESIDE) : largest;
  let held = '';
  let length = 0;
  let breach: string | undefined;
  const tooLong = `it is longer than ${largest} characters`;
  const release = (): string => {
    const released = enforces ? held : '';
    held = '';
    return released;
  };
  const judge = (isAside: boolean): void => {
    if (breach === undefined || isAside) return;
    exchange.guards ??= [];
    const action = enforces ? 'blocked' : 'reported';
    exchange.guards.push({ guard: 'json-schema', action, direction: 'answer', rule: 'schema' });
    if (enforces) throw new GatewayError('answer_invalid', { cause: new Error(breach) });
  };
  return {
    judges: enforces,
    take(text, isAside = false) {
      if (isAside) return release() + text;
      length += text.length;
      if (length <= mostHeld) held += text;
      else if (enforces) {
        breach = tooLong;
        judge(false);
      }
      return enforces ? '' : text;
    },
    end(isAside = false) {
      if (!isAside) breach = length > largest ? tooLong : breachOf(held, check);
      if (enforces) judge(isAside);
      return release();
    },
    ...(!enforces && { conclude: judge }),
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
