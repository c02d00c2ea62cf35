import { GatewayError } from '../../errors/gateway-error.ts';
import { onDemand } from '../../lib/on-demand.ts';
import { newAiFacts } from '../ai-facts.ts';
import { textTokens } from '../budgets/estimate.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';
import type { Model } from '../models/catalog.ts';
import { chainOf } from '../models/chain.ts';
import type { RoutedCall } from '../models/routing.ts';
import { leastWindow } from '../models/window.ts';
import { promptText } from '../prompt-text.ts';

/** Finds the model that was asked for and what stands behind it, in the order in which they are tried. */
export function resolveModel(call: ChatCall): void {
  const { model: name, stream } = call.request as ChatRequest;
  const model = call.catalog.get(name);
  if (!model) throw new GatewayError('model_unknown', { param: 'model' });
  call.candidates = routed(model, call);
  const { format } = call;
  const operation = format.kind === 'operation' ? format.operation : format.kind;
  call.exchange.ai = newAiFacts(operation, model.name, stream, call.bytes, call.prompt);
}

/** Once what was said before stands in the body too: a conversation of any length may go on with a short question. */
export function routeAgain(call: ChatCall): void | Promise<void> {
  const { exchange, answer, request, catalog, shorten } = call;
  // It holds the parsed body, which an answer may outlast by minutes.
  call.shorten = undefined;
  if (exchange.context?.mode !== 'delta' || answer) return;
  const model = catalog.get((request as ChatRequest).model);
  if (!model?.route) return;
  call.candidates = routed(model, call);
  return shorten?.(leastWindow(call.candidates));
}

function routed(model: Model, call: ChatCall): Model[] {
  const name = model.route?.(routedCall(call));
  return chainOf((name && call.catalog.get(name)) || model, call.catalog);
}

function routedCall({ request, exchange, headers, bytes, format }: ChatCall): RoutedCall {
  const { hasTools } = request as ChatRequest;
  const said = onDemand(() => promptText(bytes));
  const isChat = format.kind === 'chat';
  return {
    headers,
    groups: exchange.consumerGroups,
    hasTools,
    tokens: () => (isChat ? promptAtMost(said()) : textTokens(bytes.length)),
    hasImage: () => isChat && said().media.pictures > 0,
  };
}

function promptAtMost({ text, media }: ReturnType<typeof promptText>): number {
  return textTokens(Buffer.byteLength(text)) + media.pictures + media.sound + media.files;
}
