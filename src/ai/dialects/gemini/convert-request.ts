import type { JsonObject, ModelRequest, Tool, ToolChoice } from '../../../contracts/model-request.ts';
import type { ModelCall } from '../../../contracts/provider.ts';
import { asksForNothing } from '../../asks-for-nothing.ts';
import { NotCarried } from '../../not-carried.ts';
import { withoutBlanks } from '../blank.ts';
import { detailOfAll } from '../image-detail.ts';
import { convertContents } from './convert-contents.ts';
import { convertThinking } from './convert-thinking.ts';

/** A request in the neutral form as one for `generateContent`. */
export function convertRequest(request: ModelRequest, { model }: ModelCall): JsonObject {
  const { tools, toolChoice } = request;
  const system = withoutBlanks(request.system);
  if (tools && request.parallelToolCalls === false) throw new NotCarried({ option: 'parallelToolCalls' });
  const generationConfig = generationOf(request, model);
  return definedOnly({
    systemInstruction: system.length > 0 ? { parts: system.map(({ text }) => ({ text })) } : undefined,
    contents: convertContents(request.messages, model),
    tools: tools && [{ functionDeclarations: tools.map(convertTool) }],
    toolConfig: tools && toolChoice && { functionCallingConfig: convertChoice(toolChoice) },
    generationConfig: Object.keys(generationConfig).length > 0 ? generationConfig : undefined,
    serviceTier: convertTier(request.serviceTier),
  });
}

const TIERS: ReadonlySet<string> = new Set(['flex', 'priority']);

/** The usual one goes without saying. */
function convertTier(tier: string | undefined): string | undefined {
  if (asksForNothing('serviceTier', tier)) return undefined;
  if (tier === undefined || !TIERS.has(tier)) throw new NotCarried({ option: 'serviceTier' });
  return tier;
}

function generationOf(request: ModelRequest, model: string): JsonObject {
  const { responseFormat, logprobs, reasoning } = request;
  return definedOnly({
    maxOutputTokens: request.maxTokens,
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    frequencyPenalty: request.frequencyPenalty,
    presencePenalty: request.presencePenalty,
    stopSequences: request.stop,
    candidateCount: request.n,
    seed: request.seed,
    ...(logprobs !== undefined && { responseLogprobs: true, logprobs: logprobs || undefined }),
    ...(responseFormat && { responseMimeType: 'application/json' }),
    responseJsonSchema: responseFormat?.type === 'json-schema' ? responseFormat.schema : undefined,
    mediaResolution: RESOLUTIONS[detailOfAll(request.messages)],
    thinkingConfig: reasoning && convertThinking(reasoning, model),
  });
}

const RESOLUTIONS = { auto: undefined, low: 'MEDIA_RESOLUTION_LOW', high: 'MEDIA_RESOLUTION_HIGH' } as const;

const definedOnly = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** `strict` is left out: Gemini holds to a schema wherever it is given one. */
const convertTool = ({ name, description, parameters }: Tool): JsonObject =>
  definedOnly({ name, description, parametersJsonSchema: parameters });

const MODES = { auto: 'AUTO', none: 'NONE', required: 'ANY' } as const;

const convertChoice = (choice: ToolChoice): JsonObject =>
  typeof choice === 'object' ? { mode: 'ANY', allowedFunctionNames: [choice.name] } : { mode: MODES[choice] };
