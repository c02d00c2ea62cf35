import type { FastifyInstance } from 'fastify';
import type { AiConfig } from '../../config/schema/index.ts';
import type { CallBudgets } from '../budgets/call-budgets.ts';
import type { ChatCall } from '../chat-call.ts';
import { buildCatalog } from '../models/catalog.ts';
import { openProviders } from '../models/passthrough.ts';
import type { AiPorts } from '../ports.ts';
import { readBytes, registerChat } from './chat.ts';
import { registerConversations } from './conversations.ts';
import { registerModels } from './models.ts';
import { registerPassthrough } from './passthrough.ts';
import { registerPrompts } from './prompts.ts';
import { registerResponses } from './responses.ts';

/** The AI endpoints of a generation. */
export interface AiRoutes {
  /** The generation serves: from now on it decides about what outlives it. */
  serve(): void;
  /** Lets go of what they leased. */
  dispose(): void;
}

/**
 * Registers the AI endpoints below the config's prefix.
 * @param isShared several consumers may use them
 */
export async function registerAiRoutes(
  scope: FastifyInstance,
  config: AiConfig,
  policies: ChatCall['policies'],
  ports: AiPorts,
  budgets: CallBudgets,
  isShared: boolean,
): Promise<AiRoutes> {
  const catalog = buildCatalog(config, ports);
  readBytes(scope, 'application/json');
  await registerChat(scope, config.prefix, { catalog, policies, ports, budgets });
  registerPrompts(scope, config.prefix, config, { catalog, policies, ports, budgets });
  registerModels(scope, config.prefix, catalog);
  registerConversations(scope, config.prefix, ports);
  registerResponses(scope, config.prefix, ports);
  const providers = openProviders(config, ports, isShared);
  await registerPassthrough(scope, config.prefix, providers, { catalog, policies, ports, budgets });
  return {
    serve() {
      catalog.serve();
      providers.serve();
    },
    dispose() {
      catalog.dispose();
      providers.dispose();
    },
  };
}
