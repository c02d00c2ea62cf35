import type { AdminApp, AdminPorts } from '../ports.ts';
import { agentRoutes } from './agent.ts';
import { auditRoutes } from './audit.ts';
import { budgetRoutes } from './budgets.ts';
import { cacheRoutes } from './cache.ts';
import { careReportRoutes } from './care-reports.ts';
import { changeRoutes } from './changes.ts';
import { configRoutes } from './config.ts';
import { contextConsumerRoutes } from './context-consumers.ts';
import { descriptionRoutes } from './description.ts';
import { eventRoutes } from './events.ts';
import { explainRoutes } from './explain.ts';
import { feedbackRoutes } from './feedback.ts';
import { findingChangeRoutes } from './finding-changes.ts';
import { findingRoutes } from './findings.ts';
import { keyRoutes } from './keys.ts';
import { knowledgeRoutes } from './knowledge.ts';
import { mcpRoutes } from './mcp.ts';
import { metricsRoutes } from './metrics.ts';
import { probeRoutes } from './probes.ts';
import { revisionRoutes } from './revisions.ts';
import { routeDescription } from './route-description.ts';
import { routeRoutes } from './routes.ts';
import { sessionRoutes } from './sessions.ts';
import { shadowRoutes } from './shadows.ts';
import { statusRoutes } from './status.ts';
import { trafficRoutes } from './traffic.ts';
import { upstreamRoutes } from './upstreams.ts';
import { usageRoutes } from './usage.ts';

/** Every resource of the admin listener, in the order in which its description lists them. */
export const RESOURCES: readonly ((app: AdminApp, ports: AdminPorts) => void)[] = [
  statusRoutes,
  configRoutes,
  explainRoutes,
  revisionRoutes,
  routeRoutes,
  upstreamRoutes,
  keyRoutes,
  usageRoutes,
  budgetRoutes,
  sessionRoutes,
  contextConsumerRoutes,
  shadowRoutes,
  routeDescription,
  cacheRoutes,
  findingRoutes,
  findingChangeRoutes,
  knowledgeRoutes,
  feedbackRoutes,
  careReportRoutes,
  trafficRoutes,
  changeRoutes,
  eventRoutes,
  auditRoutes,
  mcpRoutes,
  agentRoutes,
  descriptionRoutes,
  metricsRoutes,
  probeRoutes,
];
