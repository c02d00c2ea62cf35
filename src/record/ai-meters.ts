import type { AiFacts, Exchange } from '../contracts/exchange.ts';
import type { CappedLabels } from '../lib/capped-labels.ts';
import {
  AI_DURATION_BUCKETS,
  Counter,
  Histogram,
  type Registry,
  TIME_PER_TOKEN_BUCKETS,
  TOKEN_BUCKETS,
} from '../telemetry/metrics.ts';

const seconds = (milliseconds: number): number => milliseconds / 1000;

/** Labels that other meters cap too. */
interface Labels {
  readonly models: CappedLabels;
  readonly reasons: CappedLabels;
  readonly consumers: CappedLabels;
}

/** Calls to models: OpenTelemetry's names where it has one. */
export class AiMeters {
  readonly #duration;
  readonly #tokens;
  readonly #firstToken;
  readonly #timePerToken;
  readonly #confidence;
  readonly #outcomes;
  readonly #prompts;
  readonly #cost;
  readonly #saved;
  readonly #unpriced;
  readonly #labels: Labels;

  constructor(registry: Registry, labels: Labels) {
    this.#labels = labels;
    const registers = [registry];
    const ai = ['gen_ai_request_model', 'gen_ai_provider_name'] as const;
    this.#duration = new Histogram({
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Time of a call to a model, from the request’s first byte to the answer’s last.',
      labelNames: [...ai, 'gen_ai_operation_name', 'error_type'],
      buckets: AI_DURATION_BUCKETS,
      registers,
    });
    this.#tokens = new Histogram({
      name: 'gen_ai_client_token_usage',
      help: 'Tokens of a call.',
      labelNames: [...ai, 'gen_ai_token_type', 'usage_source'],
      buckets: TOKEN_BUCKETS,
      registers,
    });
    this.#firstToken = new Histogram({
      name: 'gen_ai_server_time_to_first_token_seconds',
      help: 'Time from the request’s first byte to the first byte of what a provider streams.',
      labelNames: [...ai],
      buckets: AI_DURATION_BUCKETS,
      registers,
    });
    this.#timePerToken = new Histogram({
      name: 'gen_ai_server_time_per_output_token_seconds',
      help: 'Time an output token after the first, of streams.',
      labelNames: [...ai],
      buckets: TIME_PER_TOKEN_BUCKETS,
      registers,
    });
    this.#confidence = new Histogram({
      name: 'gateway_ai_confidence',
      help: 'Mean probability (geometric) of an answer’s tokens, where logprobs were asked for.',
      labelNames: [...ai],
      buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
      registers,
    });
    this.#outcomes = new Counter({
      name: 'gateway_ai_outcomes_total',
      help: 'Calls to models by how they ended, each in exactly one way.',
      labelNames: ['model', 'provider', 'outcome'],
      registers,
    });
    this.#prompts = new Counter({
      name: 'gateway_ai_prompt_calls_total',
      help: 'Calls of prompts by version and by how they ended.',
      labelNames: ['prompt', 'version', 'outcome'],
      registers,
    });
    this.#cost = new Counter({
      name: 'gateway_ai_cost_usd_total',
      help: 'What calls to models cost, in US dollars.',
      labelNames: ['model', 'provider', 'consumer'],
      registers,
    });
    this.#saved = new Counter({
      name: 'gateway_ai_cache_saved_usd_total',
      help: 'What answers from the cache had cost when they were made, in US dollars.',
      labelNames: ['model'],
      registers,
    });
    this.#unpriced = new Counter({
      name: 'gateway_ai_unpriced_calls_total',
      help: 'Calls whose cost is not known: no price for the model. Add it under ai.prices.',
      labelNames: ['model', 'provider'],
      registers,
    });
  }

  observe(exchange: Exchange, ai: AiFacts): void {
    const { provider } = ai;
    const model = this.#labels.models.value(ai.model);
    const failed = exchange.reason === 'ok' ? '' : this.#labels.reasons.value(exchange.reason);
    this.#duration.add(seconds(exchange.durationMs), model, provider, ai.operation, failed);
    if (ai.firstTokenMs >= 0) this.#firstToken.add(seconds(ai.firstTokenMs), model, provider);
    if (ai.msPerToken >= 0) this.#timePerToken.add(seconds(ai.msPerToken), model, provider);
    if (ai.confidence >= 0) this.#confidence.add(ai.confidence, model, provider);
    if (ai.outcome !== '') this.#outcomes.add(1, model, provider, ai.outcome);
    // Names and versions are the config's own: as many as it has.
    if (ai.prompt !== '') this.#prompts.add(1, ai.prompt, ai.promptVersion, ai.outcome);
    if (ai.savedUsd > 0) this.#saved.add(ai.savedUsd, model);
    if (ai.usageSource === '') return;
    this.#tokens.add(Math.max(0, ai.tokensIn), model, provider, 'input', ai.usageSource);
    this.#tokens.add(Math.max(0, ai.tokensOut), model, provider, 'output', ai.usageSource);
    if (ai.usd >= 0) this.#cost.add(ai.usd, model, provider, this.#labels.consumers.value(exchange.consumer));
    else this.#unpriced.add(1, model, provider);
  }
}
