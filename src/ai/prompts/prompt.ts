import type { AiConfig } from '../../config/schema/index.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import type { SchemaCheck } from '../../contracts/policy.ts';
import { isObject, objectOf } from '../../lib/json.ts';
import { compileSchema } from '../../lib/json-schema/compile.ts';
import { compilePrompt, type PromptInput, type PromptTemplate } from '../../lib/prompt-template.ts';
import { Rendezvous } from '../../lib/rendezvous.ts';

type PromptConfig = AiConfig['prompts'][string];
type VersionConfig = PromptConfig['versions'][string];

/** A prompt that callers may ask for by name. */
export interface Prompt {
  readonly name: string;
  readonly config: PromptConfig;
  /** JSON Schema of the input, given or made of the fields that the templates name. */
  readonly inputSchema: JsonObject;
  /** What is wrong with an input whose defaults are filled in; undefined if nothing. */
  readonly checkInput: SchemaCheck;
  /** Absent: any answer will do. */
  readonly checkOutput: SchemaCheck | undefined;
  /** The version of a caller: theirs by weight, or the one that the config names. */
  versionOf(caller: string): string;
  withDefaults(input: PromptInput): PromptInput;
  /** The chat completion that a version asks for, but for what is the call's own. */
  fill(version: string, input: PromptInput): JsonObject;
}

/** The prompts of a config revision, by name. */
export function buildPrompts({
  prompts,
  partials,
}: Pick<AiConfig, 'prompts' | 'partials'>): Map<string, Prompt> {
  return new Map(
    Object.entries(prompts).map(([name, config]) => [name, buildPrompt(name, config, partials)]),
  );
}

function buildPrompt(name: string, config: PromptConfig, partials: AiConfig['partials']): Prompt {
  const versions = new Map(
    Object.entries(config.versions).map(([number, version]) => [number, compileVersion(version, partials)]),
  );
  const inputSchema = closed(config.input) ?? schemaOf([...versions.values()]);
  const properties = Object.entries(objectOf(inputSchema.properties));
  const defaults = Object.fromEntries(
    properties.flatMap(([field, schema]) =>
      isObject(schema) && schema.default !== undefined ? [[field, schema.default]] : [],
    ),
  );
  const output = config.output;
  return {
    name,
    config,
    inputSchema,
    checkInput: compileSchema(inputSchema),
    checkOutput: output === undefined ? undefined : compileSchema(output),
    versionOf: chooser(config),
    withDefaults: (input) => ({ ...defaults, ...input }),
    fill: (version, input) => ({
      ...(versions.get(version)?.fill(input) ?? {}),
      model: config.model,
      ...(output !== undefined && {
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: output } },
      }),
    }),
  };
}

interface CompiledVersion {
  readonly fields: readonly string[];
  fill(input: PromptInput): JsonObject;
}

/** Values go in as text, and the whole is written as JSON after that: no value can become a role or a message. */
function compileVersion(
  { messages, tools, parameters }: VersionConfig,
  partials: AiConfig['partials'],
): CompiledVersion {
  const compiled: PromptTemplate[] = [];
  const compile = (text: string): PromptTemplate => {
    const template = compilePrompt(text, partials);
    compiled.push(template);
    return template;
  };
  const said = messages.map(({ role, content }) => ({ role, content: compile(content) }));
  const offered = tools?.map((tool) => ({
    ...tool,
    description: tool.description === undefined ? undefined : compile(tool.description),
  }));
  return {
    fields: [...new Set(compiled.flatMap(({ fields }) => fields))],
    fill: (input) => ({
      ...parameters,
      messages: said.map(({ role, content }) => ({ role, content: content.fill(input) })),
      ...(offered && {
        tools: offered.map((tool) => ({
          type: 'function',
          function: { ...tool, description: tool.description?.fill(input) },
        })),
      }),
    }),
  };
}

/** A misspelt field must not get lost: what the schema leaves open about others is closed. */
function closed(input: unknown): JsonObject | undefined {
  return isObject(input) ? { additionalProperties: false, ...input } : undefined;
}

function schemaOf(versions: readonly CompiledVersion[]): JsonObject {
  const fields = [...new Set(versions.flatMap(({ fields }) => fields))];
  return {
    type: 'object',
    required: fields,
    properties: Object.fromEntries(fields.map((field) => [field, {}])),
    additionalProperties: false,
  };
}

function chooser({ version, versions }: PromptConfig): Prompt['versionOf'] {
  const weighted = Object.entries(versions).filter(([, { weight }]) => weight !== undefined);
  if (weighted.length === 0) return () => String(version);
  const numbers = weighted.map(([number]) => number);
  const shares = new Rendezvous(
    numbers,
    weighted.map(([, { weight }]) => weight ?? 0),
  );
  return (caller) => numbers[shares.choose(caller)] ?? String(version);
}
