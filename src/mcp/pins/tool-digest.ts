import type { Tool } from '@modelcontextprotocol/server';
import { isObject } from '../../lib/json.ts';
import { canonicalDigest, canonicalJson } from './canonical.ts';

/** Where a schema stands that 2025-11-25 can't name as a tool's output. */
const WRAPPED = '#/properties/result';

/**
 * SHA-256 of the canonical form of a tool's whole definition, the same in both revisions: an output that is no object, which
 * 2025-11-25 can only have as the field `result` of one, counts as what it is in 2026-07-28, and `execution`, which that one
 * has not, is held against the other by itself (`isSameExecution`).
 */
export function toolDigest({ execution: _, ...tool }: Tool): string {
  return canonicalDigest({ ...tool, outputSchema: naturalOutput(tool.outputSchema) });
}

/** Whether what two definitions say of how a tool may be called (`execution`) is the same, where both say it. */
export const isSameExecution = ({ execution: one }: Tool, { execution: other }: Tool): boolean =>
  one === undefined || other === undefined || canonicalJson(one) === canonicalJson(other);

/** A tool's `outputSchema` as 2026-07-28 has it: the package's servers put one that is no object's into one for older clients. */
export function naturalOutput(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const { type, properties, required, $schema: _, ...rest } = schema;
  if (type !== 'object' || Object.keys(rest).length > 0 || !isObject(properties)) return schema;
  const { result, ...others } = properties;
  const isWrapped = isObject(result) && result.type !== 'object' && Object.keys(others).length === 0;
  return isWrapped && canonicalJson(required) === '["result"]' ? rooted(result) : schema;
}

/** A schema whose references are to its own root once more. */
function rooted(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(rooted);
  if (!isObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      const isReference = (key === '$ref' || key === '$dynamicRef') && typeof value === 'string';
      if (!isReference) return [key, rooted(value)];
      const leads = value === WRAPPED || value.startsWith(`${WRAPPED}/`);
      return [key, leads ? `#${value.slice(WRAPPED.length)}` : value];
    }),
  );
}
