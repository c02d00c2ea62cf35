import { isObject } from '../../lib/json.ts';
import { compileSchema } from '../../lib/json-schema/compile.ts';
import { compilePrompt } from '../../lib/prompt-template.ts';
import type { Part } from '../part.ts';
import { type Check, type CheckContext, mustExist } from './context.ts';

/** Fields of the call itself, which stand beside those of the input. */
const OF_THE_CALL = ['stream', 'user'];
/** What a version's parameters can't set, and where it is set. */
const SET_ELSEWHERE: Readonly<Record<string, string>> = {
  model: 'the prompt’s model',
  messages: 'messages',
  tools: 'tools',
  stream: 'the call',
  stream_options: 'the call',
  user: 'the call',
  n: 'nothing: a prompt gives one answer',
};

/** Prompts: their models, versions, templates and schemas. */
export const checkPrompts: Check = (config, context) => {
  const ai = config.get('ai');
  const partials = textsOf(ai.get('partials'));
  for (const [, partial] of ai.get('partials').entries) templateFields(partial, partials, context);
  for (const [, prompt] of ai.get('prompts').entries) {
    mustExist(prompt.get('model'), 'model', ai.get('models').keys, context);
    checkVersion(prompt, context);
    mustCompile(prompt.get('output'), context);
    const known = inputFields(prompt.get('input'), context);
    for (const [, version] of prompt.get('versions').entries) {
      const templates = [
        ...version.get('messages').items.map((message) => message.get('content')),
        ...version.get('tools').items.map((tool) => tool.get('description')),
      ];
      for (const template of templates) {
        const fields = templateFields(template, partials, context);
        const stray = fields.find((field) => known?.has(field) === false);
        if (stray !== undefined)
          context.report(template, `names {{${stray}}}, which is no property of the prompt's input`);
        const taken = fields.find((field) => known === undefined && OF_THE_CALL.includes(field));
        if (taken !== undefined)
          context.report(
            template,
            `names {{${taken}}}, which is a field of the call itself: give it another name`,
          );
      }
      checkParameters(version.get('parameters'), prompt.has('output'), context);
    }
  }
};

function checkVersion(prompt: Part, context: CheckContext): void {
  const version = prompt.get('version');
  const versions = prompt.get('versions');
  if (version.number !== undefined && versions.isWritten && !versions.has(String(version.number))) {
    context.report(
      version,
      `there is no version ${context.quoted(version).replace('the number ', '')} in versions`,
    );
  }
  const weights = versions.entries.flatMap(([, each]) => each.get('weight').number ?? []);
  const named = versions.get(String(version.number));
  if (weights.length > 0 && named.isWritten && !named.has('weight'))
    context.report(version, 'nobody gets this version: others have a weight, and it has none');
  if (weights.length > 0 && weights.every((weight) => weight === 0))
    context.report(versions, 'all weights are 0: nothing would ever be chosen');
}

function checkParameters(parameters: Part, hasOutput: boolean, { report }: CheckContext): void {
  for (const [name, value] of parameters.entries) {
    const place = Object.hasOwn(SET_ELSEWHERE, name) ? SET_ELSEWHERE[name] : undefined;
    if (place !== undefined) report(value, `can't be set here: it is set by ${place}`);
    if (name === 'response_format' && hasOutput) report(value, "can't be set here: it is set by output");
  }
}

function textsOf(partials: Part): Record<string, string> {
  return Object.fromEntries(
    partials.entries.flatMap(([name, { text }]) => (text === undefined ? [] : [[name, text]])),
  );
}

function templateFields(
  part: Part,
  partials: Readonly<Record<string, string>>,
  { report }: CheckContext,
): readonly string[] {
  if (part.text === undefined) return [];
  try {
    return compilePrompt(part.text, partials).fields;
  } catch (error) {
    report(part, (error as Error).message);
    return [];
  }
}

/** The names that templates may use; undefined where the schema leaves them open. */
function inputFields(input: Part, context: CheckContext): ReadonlySet<string> | undefined {
  if (!input.isWritten || !mustCompile(input, context)) return undefined;
  const { value } = input;
  if (!isObject(value) || value.type !== 'object') {
    context.report(input, 'must be the schema of an object: type: object');
    return undefined;
  }
  const properties = input.get('properties');
  for (const name of OF_THE_CALL) {
    if (properties.has(name))
      context.report(properties.get(name), `is a field of the call itself: give it another name`);
  }
  return value.additionalProperties === undefined && isObject(value.properties)
    ? new Set(properties.keys)
    : undefined;
}

function mustCompile(schema: Part, { report }: CheckContext): boolean {
  if (!schema.isWritten) return true;
  try {
    compileSchema(schema.value);
    return true;
  } catch (error) {
    report(schema, (error as Error).message);
    return false;
  }
}
