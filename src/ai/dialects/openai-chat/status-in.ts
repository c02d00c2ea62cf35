import type { JsonObject } from '../../../contracts/model-request.ts';
import { objectOf } from '../../../lib/json.ts';
import { countOf } from '../count.ts';

/** MiniMax says it in a code beside an answer that is none: https://platform.minimax.io/docs/api-reference/errorcode */
const STATUSES: Readonly<Record<number, number>> = {
  1002: 429,
  1004: 401,
  1008: 402,
  1026: 400,
  1027: 400,
  1039: 429,
  2013: 400,
  2049: 401,
};

/** The status of a refusal that came under 200; what is not known is a failure of the service. */
export function statusIn({ base_resp: said, choices }: JsonObject): number | undefined {
  const code = countOf(objectOf(said).status_code);
  if (code === 0 || (Array.isArray(choices) && choices.length > 0)) return undefined;
  return STATUSES[code] ?? 500;
}
