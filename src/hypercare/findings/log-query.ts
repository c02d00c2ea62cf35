import type { Dimension } from '../../contracts/signal.ts';
import { ERRORS } from '../../errors/table.ts';
import type { Finding } from './finding.ts';

/** The access log's fields, where they are named otherwise. */
const FIELDS: Readonly<Partial<Record<Dimension, string>>> = { promptVersion: 'prompt_version' };
/** Dimensions that no field of the log holds. */
const ABSENT: ReadonlySet<string> = new Set(['release', 'region', 'app']);

/** A filter for jq over the access log that finds the requests of a finding. */
export function logQueryOf({
  where,
  reason,
  when,
  what,
}: Pick<Finding, 'where' | 'reason' | 'when' | 'what'>): string {
  const places = where.scopes
    .map((scope) =>
      Object.entries(scope)
        .filter(([dimension]) => !ABSENT.has(dimension))
        .map(([dimension, value]) => fieldIs(dimension as Dimension, String(value)))
        .join(' and '),
    )
    .filter((place) => place !== '');
  const parts = [
    `.time >= ${JSON.stringify(new Date(when.since).toISOString())}`,
    places.length === 0
      ? ''
      : places.length === 1
        ? places[0]
        : `(${places.map((each) => `(${each})`).join(' or ')})`,
    endedSo(what.signal, reason),
  ];
  return `jq -c 'select(.msg == "request" and ${parts.filter((part) => part !== '').join(' and ')})'`;
}

function fieldIs(dimension: Dimension, value: string): string {
  if (dimension === 'revision') return `.revision == ${Number(value)}`;
  if (dimension === 'route' && value.startsWith('mcp/')) {
    const [, server = '', ...tool] = value.split('/');
    return `.mcp_server == ${literal(server)} and .mcp_tool == ${literal(tool.join('/'))}`;
  }
  return `.${FIELDS[dimension] ?? dimension} == ${literal(value)}`;
}

/** By which field a line tells that its request was one of these; '': none does. */
function endedSo(signal: string, reason: string): string {
  const [, status] = /^upstream_(4\d\d)$/.exec(reason) ?? [];
  if (status !== undefined) return `.status == ${status}`;
  if (signal === 'silent') return `(.outcome // .mcp_outcome) == ${literal(reason)}`;
  if (signal === 'attempts') return `any(.failed_attempts[]?; endswith(${literal(` ${reason}`)}))`;
  if (signal === 'contract' && /^(request|response) /.test(reason))
    return `any(.contract_breaches[]?; . == ${literal(reason)})`;
  const isReason = Object.hasOwn(ERRORS, reason) || reason === 'upstream_5xx' || reason === 'upstream_4xx';
  return isReason ? `.reason == ${literal(reason)}` : '';
}

/** As jq reads it inside the quotes of a shell. */
const literal = (text: string): string => JSON.stringify(text).replaceAll("'", '\\u0027');
