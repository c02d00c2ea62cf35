import type { AnswerName } from '../../../contracts/format.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Citation, FinishReason } from '../../../contracts/stream-part.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { parseObject } from '../../../lib/json.ts';

/** What there is to say of a response as a whole. */
export interface ResponseFacts {
  readonly id: string;
  readonly model: string;
  readonly output: readonly JsonObject[];
  readonly usage: Usage | undefined;
  readonly serviceTier: string;
  /** undefined while it is still being generated. */
  readonly finishReason: FinishReason | undefined;
  /** What it repeats of its request (`asked-with.ts`). */
  readonly asked: JsonObject;
}

const INCOMPLETE: Readonly<Record<string, string>> = {
  length: 'max_output_tokens',
  content_filter: 'content_filter',
  // This API has no word for a model that will not; where it says so, that stands in the output too.
  refusal: 'content_filter',
};

/** `completed`, or `incomplete` where a limit or a filter cut it. */
export const statusOf = (reason: FinishReason | undefined): string =>
  reason === undefined ? 'in_progress' : INCOMPLETE[reason] === undefined ? 'completed' : 'incomplete';

/** The same of a call that stands in an answer of this status: one that is whole was not cut, whatever ended the answer. */
export const callStatus = (said: string, status: string): string =>
  status === 'completed' || parseObject(said) !== undefined ? 'completed' : status;

/** The response object, which every form of this API's answers holds. */
export function writeResponse(facts: ResponseFacts, name: AnswerName): JsonObject {
  const { finishReason, usage, serviceTier } = facts;
  const incomplete = finishReason === undefined ? undefined : INCOMPLETE[finishReason];
  return {
    id: facts.id || `resp_${name.id}`,
    object: 'response',
    created_at: name.created,
    status: statusOf(finishReason),
    error: null,
    incomplete_details: incomplete === undefined ? null : { reason: incomplete },
    instructions: null,
    metadata: {},
    model: facts.model || name.model,
    output: facts.output,
    parallel_tool_calls: true,
    previous_response_id: null,
    // Nothing is kept here that could be asked for by its id.
    store: false,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    ...(serviceTier && { service_tier: serviceTier }),
    usage: usage ? writeUsage(usage) : null,
    ...facts.asked,
    ...name.kept,
  };
}

function writeUsage({ input, output, cached, cacheWrite = 0, reasoning = 0 }: Usage): JsonObject {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}

/** OpenAI knows citations of the web, of files and of containers; of these a client can use the first anywhere. */
export function annotation({ url, title, start, end }: Citation): JsonObject[] {
  if (url === undefined) return [];
  return [{ type: 'url_citation', url, title: title ?? '', start_index: start ?? 0, end_index: end ?? 0 }];
}
