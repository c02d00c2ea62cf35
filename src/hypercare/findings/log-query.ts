import type { Dimension } from '../../contracts/signal.ts';
import type { Finding } from './finding.ts';

/** The access log's fields, where they are named otherwise. */
const FIELDS: Readonly<Partial<Record<Dimension, string>>> = { promptVersion: 'prompt_version' };
/** Dimensions that no field of the log holds. */
const ABSENT: ReadonlySet<string> = new Set(['release', 'region', 'app']);

/** A filter for jq over the access log that finds the requests of a finding. */
export function logQueryOf({ where, reason, when }: Pick<Finding, 'where' | 'reason' | 'when'>): string {
  const places = where.scopes
    .map((scope) =>
      Object.entries(scope)
        .filter(([dimension]) => !ABSENT.has(dimension))
        .map(([dimension, value]) => {
          const field = FIELDS[dimension as Dimension] ?? dimension;
          return field === 'revision'
            ? `.${field} == ${Number(value)}`
            : `.${field} == ${JSON.stringify(value)}`;
        })
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
    reason === '' ? '' : `.reason == ${JSON.stringify(reason)}`,
  ];
  return `jq -c 'select(.msg == "request" and ${parts.filter((part) => part !== '').join(' and ')})'`;
}
