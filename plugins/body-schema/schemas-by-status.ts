import type { PolicyPorts, SchemaCheck } from '../../src/contracts/policy.ts';

export type ChecksByStatus = (status: number) => SchemaCheck | undefined;

/** Which schema an answer has: by its status, its class, else `default`. Undefined if no answer has one. */
export function schemasByStatus(
  settings: { response?: unknown; responses: Readonly<Record<string, unknown>> },
  { compileSchema }: Pick<PolicyPorts, 'compileSchema'>,
): ChecksByStatus | undefined {
  const schemas = {
    ...(settings.response === undefined ? {} : { '2XX': settings.response }),
    ...settings.responses,
  };
  const checks = new Map(Object.entries(schemas).map(([status, schema]) => [status, compileSchema(schema)]));
  if (checks.size === 0) return undefined;
  return (status) =>
    checks.get(String(status)) ?? checks.get(`${Math.floor(status / 100)}XX`) ?? checks.get('default');
}
