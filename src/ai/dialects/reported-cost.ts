import type { JsonObject } from '../../contracts/model-request.ts';
import type { Usage } from '../../contracts/usage.ts';
import { objectOf } from '../../lib/json.ts';

/** xAI's unit: https://docs.x.ai/developers/cost-tracking */
const TICKS_OF_USD = 1e10;

/**
 * What a provider says it charges for the call, in US dollars, where it does: xAI (tools of its own included), OpenRouter
 * (with a key of one's own to the vendor, its fee and the vendor's price), Perplexity (searches included), DeepInfra.
 */
export function reportedCost(usage: JsonObject): Pick<Usage, 'cost'> {
  const { cost_in_usd_ticks: ticks, cost, estimated_cost: estimated } = usage;
  const ofVendor = usage.is_byok === true ? objectOf(usage.cost_details).upstream_inference_cost : undefined;
  const said = isUsd(ticks) ? ticks / TICKS_OF_USD : [cost, objectOf(cost).total_cost, estimated].find(isUsd);
  return said === undefined ? {} : { cost: said + (isUsd(ofVendor) ? ofVendor : 0) };
}

const isUsd = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
