import { checkAccess } from './checks/access.ts';
import { checkAdmin } from './checks/admin.ts';
import { checkBudgets } from './checks/budgets.ts';
import type { CheckContext } from './checks/context.ts';
import { checkHypercare } from './checks/hypercare.ts';
import { checkListeners } from './checks/listeners.ts';
import { checkMcp } from './checks/mcp.ts';
import { checkModelContext } from './checks/model-context.ts';
import { checkModels } from './checks/models.ts';
import { checkPolicies } from './checks/policies.ts';
import { checkPrompts } from './checks/prompts.ts';
import { checkRoutes } from './checks/routes.ts';
import { checkTls } from './checks/tls.ts';
import { checkUpstreams } from './checks/upstreams.ts';
import { checkWorkers } from './checks/workers.ts';
import { Part } from './part.ts';
import type { PolicySchema } from './schema/policy-schema.ts';
import type { Finding, Shown } from './schema-problems.ts';

/** What a schema can't say: names that must exist, things that exclude each other. In no order. */
const CHECKS = [
  checkListeners,
  checkWorkers,
  checkAdmin,
  checkAccess,
  checkUpstreams,
  checkTls,
  checkRoutes,
  checkModels,
  checkPrompts,
  checkBudgets,
  checkMcp,
  checkModelContext,
  checkHypercare,
  checkPolicies,
];

/**
 * @param config the values with their defaults; valid or not
 * @param shown how a value may appear in a message
 * @param fitsSchema whether the schema had no complaints: only then can settings be handed to who reads them by type
 */
export function checkConfig(
  config: unknown,
  policies: Readonly<Record<string, PolicySchema>>,
  shown: Shown,
  fitsSchema: boolean,
): { findings: Finding[]; warnings: Finding[] } {
  const findings: Finding[] = [];
  const warnings: Finding[] = [];
  const context: CheckContext = {
    policies,
    fitsSchema,
    quoted: (part) => shown(part.path, part.value).replace(', is ', ''),
    report: (part, message, suggestion) =>
      findings.push({ path: part.path, at: 'value', message, suggestion }),
    warn: (part, message) => warnings.push({ path: part.path, at: 'value', message }),
  };
  for (const check of CHECKS) check(new Part(config), context);
  return { findings, warnings };
}
