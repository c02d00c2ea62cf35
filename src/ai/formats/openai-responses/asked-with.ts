import type { JsonObject, ModelRequest, Tool, ToolChoice } from '../../../contracts/model-request.ts';

/** What a response repeats of its request, in this API's words: only what was sent. */
export function askedWith(request: ModelRequest): JsonObject {
  const { system, metadata, tools } = request;
  const instructions = system.find(({ at }) => at === 'instructions')?.text;
  return {
    ...(instructions !== undefined && { instructions }),
    ...(metadata && { metadata }),
    ...(tools && { tools: tools.map(writeTool) }),
    ...settingsOf(request),
  };
}

type Settings = Pick<
  ModelRequest,
  'toolChoice' | 'parallelToolCalls' | 'reasoning' | 'temperature' | 'topP' | 'maxTokens'
>;

/** How the answer is to be made: what is also kept with it, and so no words but those that the API knows, and a tool's name. */
export function settingsOf(request: Settings): JsonObject {
  const { parallelToolCalls, reasoning, temperature, topP, maxTokens } = request;
  const choice = choiceOf(request.toolChoice);
  return {
    ...(choice !== undefined && { tool_choice: choice }),
    ...(parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
    ...(reasoning && { reasoning: { effort: wordOf(reasoning.effort), summary: wordOf(reasoning.summary) } }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
  };
}

/** `xhigh`, `detailed`. */
const WORD = /^[a-z]{1,16}$/;
/** What some provider takes for a tool's name. */
const TOOL_NAME = /^[\w.:-]{1,128}$/;

const wordOf = (text: string | undefined): string | null =>
  text !== undefined && WORD.test(text) ? text : null;

function choiceOf(choice: ToolChoice | undefined): string | JsonObject | undefined {
  if (typeof choice !== 'object') return choice;
  return TOOL_NAME.test(choice.name) ? { type: 'function', name: choice.name } : undefined;
}

const writeTool = ({ name, description, parameters, strict }: Tool): JsonObject => ({
  type: 'function',
  name,
  description: description ?? null,
  parameters: parameters ?? null,
  strict: strict ?? null,
});
