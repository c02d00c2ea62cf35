import type { JsonObject, ModelRequest, Tool } from '../../../contracts/model-request.ts';

/** What a response repeats of its request, in this API's words: only what was sent. */
export function askedWith(request: ModelRequest): JsonObject {
  const { system, metadata, tools, toolChoice, parallelToolCalls, reasoning } = request;
  const { temperature, topP, maxTokens } = request;
  const instructions = system.find(({ at }) => at === 'instructions')?.text;
  return {
    ...(instructions !== undefined && { instructions }),
    ...(metadata && { metadata }),
    ...(tools && { tools: tools.map(writeTool) }),
    ...(toolChoice && {
      tool_choice: typeof toolChoice === 'string' ? toolChoice : { type: 'function', name: toolChoice.name },
    }),
    ...(parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
    ...(reasoning && { reasoning: { effort: reasoning.effort ?? null, summary: reasoning.summary ?? null } }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
  };
}

const writeTool = ({ name, description, parameters, strict }: Tool): JsonObject => ({
  type: 'function',
  name,
  description: description ?? null,
  parameters: parameters ?? null,
  strict: strict ?? null,
});
