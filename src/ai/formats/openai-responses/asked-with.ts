import type { JsonObject, ModelRequest, Tool } from '../../../contracts/model-request.ts';

/** What a response repeats of its request, in this API's words: only what was sent. */
export function askedWith({
  system,
  metadata,
  tools,
}: Pick<ModelRequest, 'system' | 'metadata' | 'tools'>): JsonObject {
  const instructions = system.find(({ at }) => at === 'instructions')?.text;
  return {
    ...(instructions !== undefined && { instructions }),
    ...(metadata && { metadata }),
    ...(tools && { tools: tools.map(writeTool) }),
  };
}

const writeTool = ({ name, description, parameters, strict }: Tool): JsonObject => ({
  type: 'function',
  name,
  description: description ?? null,
  parameters: parameters ?? null,
  strict: strict ?? null,
});
