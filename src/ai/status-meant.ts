import type { JsonObject } from '../contracts/model-request.ts';
import { objectOf, objectsOf } from '../lib/json.ts';

/** The status of a refusal as others would have answered it: Google says in a 400 that a key is no good, which is no fault of the client's. */
export function statusMeant(statusCode: number, said: JsonObject | undefined): number {
  if (statusCode !== 400) return statusCode;
  const { error } = objectOf(said);
  const isKey = objectsOf(objectOf(error).details).some(({ reason }) => reason === 'API_KEY_INVALID');
  return isKey ? 401 : statusCode;
}
