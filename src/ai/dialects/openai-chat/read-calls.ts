import type { JsonObject } from '../../../contracts/model-request.ts';
import { isObject, objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { argumentsText } from '../tool-arguments-text.ts';

/** A call of a function, as a message has it, or what a chunk adds to one. */
export interface FunctionCall {
  /** The provider's number of it; some leave it away. */
  readonly index: number | undefined;
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  /** In the API's former words. */
  readonly isFormer?: true;
}

/** Calls of functions in a message, or in a chunk: in the API's former words (`function_call`) it is one, and has no id. */
export function functionCallsIn({ tool_calls: calls, function_call: former }: JsonObject): FunctionCall[] {
  const listed = objectsOf(calls);
  if (listed.length > 0) return listed.filter((call) => !isCustom(call)).map(read);
  const call = read({ function: former });
  return call.name === '' && call.arguments === '' ? [] : [{ ...call, isFormer: true }];
}

/** What calls of custom tools say: their names, and inputs that are texts of any form. */
export const customCallsIn = ({ tool_calls: calls }: JsonObject): string[] =>
  objectsOf(calls)
    .filter(isCustom)
    .map(({ custom }) => textOf(objectOf(custom).name) + textOf(objectOf(custom).input));

const isCustom = ({ custom }: JsonObject): boolean => isObject(custom);

function read({ index, id, function: spec }: JsonObject): FunctionCall {
  const { name, arguments: args } = objectOf(spec);
  return {
    index: typeof index === 'number' ? index : undefined,
    id: textOf(id),
    name: textOf(name),
    arguments: argumentsText(args),
  };
}
