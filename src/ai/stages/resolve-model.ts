import { GatewayError } from '../../errors/gateway-error.ts';
import { newAiFacts } from '../ai-facts.ts';
import { usageAtMost } from '../budgets/estimate.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';
import { hasImage } from '../has-image.ts';
import type { Catalog, Model } from '../models/catalog.ts';
import type { RoutedCall } from '../models/routing.ts';

/** Finds the model that was asked for and what stands behind it, in the order in which they are tried. */
export function resolveModel(call: ChatCall): void {
  const { model: name, stream } = call.request as ChatRequest;
  const model = call.catalog.get(name);
  if (!model) throw new GatewayError('model_unknown', { param: 'model' });
  const routed = model.route(routedCall(call));
  call.candidates = chain((routed && call.catalog.get(routed)) || model, call.catalog);
  const { format } = call;
  const operation = format.kind === 'operation' ? format.operation : format.kind;
  call.exchange.ai = newAiFacts(operation, model.name, stream, call.bytes, call.prompt);
}

function routedCall({ request, exchange, headers, bytes }: ChatCall): RoutedCall {
  const { hasTools } = request as ChatRequest;
  return {
    headers,
    groups: exchange.consumerGroups,
    hasTools,
    tokens: usageAtMost(bytes.length, 0).input,
    hasImage: () => hasImage(bytes),
  };
}

/** The model, its fallbacks, and theirs: breadth first, each once. The config has no cycles; a name twice has no use. */
function chain(model: Model, catalog: Catalog): Model[] {
  const models = [model];
  for (const at of models) {
    for (const name of at.fallback) {
      const next = catalog.get(name);
      if (next && !models.includes(next)) models.push(next);
    }
  }
  return models;
}
