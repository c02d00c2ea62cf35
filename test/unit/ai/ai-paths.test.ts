import fastify from 'fastify';
import { expect, it } from 'vitest';
import type { CallBudgets } from '../../../src/ai/budgets/call-budgets.ts';
import type { ChatCall } from '../../../src/ai/chat-call.ts';
import type { AiPorts } from '../../../src/ai/ports.ts';
import { registerAiRoutes } from '../../../src/ai/routes/index.ts';
import { AI_PATHS } from '../../../src/config/ai-paths.ts';
import { load, SMALL } from '../config/stories.ts';

it('the paths that no route may have, and that are explained as those of AI, are those that are registered', async () => {
  const { config } = load(SMALL);
  const app = fastify({ exposeHeadRoutes: false });
  const urls = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    urls.add(url);
  });
  // Nothing is called: there is neither a model nor a provider.
  const ports = { conversations: { ports: {} } } as unknown as AiPorts;
  await app.register(async (scope) => {
    await registerAiRoutes(scope, config.ai, {} as ChatCall['policies'], ports, {} as CallBudgets, false);
  });
  await app.ready();
  expect([...urls].sort()).toEqual(AI_PATHS.map((path) => `/v1${path}`).sort());
});
