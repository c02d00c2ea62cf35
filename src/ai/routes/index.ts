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

/** Registers the AI endpoints below the config's prefix. @returns what lets go of what they leased */
export async function registerAiRoutes(
  scope: FastifyInstance,
  config: AiConfig,
  policies: ChatCall['policies'],
  ports: AiPorts,
  budgets: CallBudgets,
): Promise<() => void> {
  const catalog = buildCatalog(config, ports);
  readBytes(scope, 'application/json');
  await registerChat(scope, config.prefix, { catalog, policies, ports, budgets });
  registerPrompts(scope, config.prefix, config, { catalog, policies, ports, budgets });
  registerModels(scope, config.prefix, catalog);
  registerConversations(scope, config.prefix, ports);
  registerResponses(scope, config.prefix, ports);
  const providers = openProviders(config, ports);
  await registerPassthrough(scope, config.prefix, providers, { catalog, policies, ports, budgets });
  return () => {
    catalog.dispose();
    providers.dispose();
  };
}
