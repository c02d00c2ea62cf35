import type { JsonObject } from '../contracts/model-request.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { SAID } from './guards/request-texts.ts';

/** Keys at the top of a request by which is known who is asked, and what that may come to, in whichever words. */
const OF_COST: readonly string[] = [
  ...['model', 'stream', 'stream_options', 'n', 'best_of', 'thinking', 'reasoning', 'reasoning_effort'],
  ...['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'n_predict'],
  ...['generationConfig', 'inferenceConfig', 'imageGenerationConfig', 'parameters'],
  ...['service_tier', 'serviceTier', 'speed', 'background', 'deferred', 'input_files', 'training_file'],
  // By what is said is known how often tools were called, and how many answers there are.
  ...['messages', 'input', 'prompt', 'contents'],
];
/** And those of the gateway's own formats that it acts on otherwise: what guards read, sessions, who asks. */
const OTHERS: readonly string[] = [
  ...['response_format', 'text', 'output_config', 'output_format'],
  ...['user', 'safety_identifier', 'metadata', 'conversation', 'previous_response_id', 'store'],
];

/** As Go's `encoding/json` compares keys, for which `ſ` is an s as well. */
const folded = (key: string): string => key.toUpperCase().toLowerCase();

/**
 * Some servers (those in Go: Ollama, LocalAI) take `Model` for `model`, and of both the last: they would ask another model than
 * the gateway thinks, and read what no guard has.
 *
 * @returns what refuses a body with a key that differs from one the gateway acts on by its case alone
 */
function refusing(...keys: readonly string[]): (body: JsonObject) => void {
  const known = new Set(keys);
  const byFolded = new Map(keys.map((key) => [folded(key), key]));
  return (body) => {
    for (const key of Object.keys(body)) {
      if (known.has(key)) continue;
      const meant = byFolded.get(folded(key));
      if (meant !== undefined)
        throw new GatewayError('body_invalid', {
          param: key,
          detail: `${key} differs from ${meant} by its case alone: write it so.`,
        });
    }
  };
}

/** Of a body in one of the gateway's own formats. @throws GatewayError `body_invalid` that names the key */
export const refuseOtherCase = refusing(...OF_COST, ...SAID, ...OTHERS);

/** Of one in a provider's own words, of which no guard reads the rest. @throws GatewayError `body_invalid` that names the key */
export const refuseOtherCaseOfCost = refusing(...OF_COST);
