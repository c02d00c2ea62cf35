import { hash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { PolicyConsumer } from '../../src/contracts/policy.ts';
import type { Settings } from './settings.ts';

export interface Identity {
  readonly consumer: string;
  readonly groups: readonly string[];
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** The token is genuine, and not good enough. The message names the claim, never what it holds. */
export class ClaimRefused extends Error {
  override readonly name = 'ClaimRefused';
}

/** What may stand in a name as it is: all of it is itself in a header, a log line, a label and a store's key. */
const SAFE = /^[A-Za-z0-9._@|:-]{1,96}$/;
const UNSAFE = /[^A-Za-z0-9._@|:-]/g;
const SHOWN = 24;
/** So many values of a claim, of so many characters, are kept; a token that says more is good for those. */
const MOST_VALUES = 64;
const LONGEST_VALUE = 128;
const SPACED: ReadonlySet<string> = new Set(['scope', 'scp']);

/** A claim by its name, which may itself hold dots (`https://id.example.com/groups`), or by the way to it. */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const key of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function valuesOf(payload: JWTPayload, name: string): unknown[] {
  const value = claimOf(payload, name);
  if (typeof value === 'string' && SPACED.has(name)) return value.split(' ');
  return Array.isArray(value) ? value : [value];
}

const isKept = (value: string): boolean => value !== '' && value.length <= LONGEST_VALUE;

/** Values that are text, numbers or booleans, as text. */
const textsOf = (payload: JWTPayload, name: string): string[] =>
  valuesOf(payload, name).flatMap((value) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : [],
  );

/** Other characters, or too many, are replaced by a digest: two values never become one name. */
function safeName(value: string): string {
  if (SAFE.test(value)) return value;
  return `${value.slice(0, SHOWN).replace(UNSAFE, '_')}~${hash('sha256', value, 'hex').slice(0, 32)}`;
}

/**
 * Who a verified token is. The names of configured consumers hold no ':', so that `jwt:shop` is never the consumer
 * `shop`, whatever a token says; only `configuredConsumers` makes the two one.
 * @throws ClaimRefused
 */
export function identityOf(
  payload: JWTPayload,
  settings: Settings,
  consumers: ReadonlyMap<string, PolicyConsumer>,
): Identity {
  for (const [name, wanted] of Object.entries(settings.required)) {
    if (!textsOf(payload, name).some((value) => wanted.includes(value)))
      throw new ClaimRefused(`the claim ${name} is not what is required`);
  }
  const value = claimOf(payload, settings.consumerClaim);
  if (typeof value !== 'string' || value === '')
    throw new ClaimRefused(`the claim ${settings.consumerClaim} names nobody`);
  const groups = valuesOf(payload, settings.groupsClaim)
    .filter((group) => typeof group === 'string' && isKept(group))
    .slice(0, MOST_VALUES) as string[];
  // For whom it is goes with it always: a gateway is several resources.
  const claims = Object.fromEntries(
    [...new Set([...settings.claims, 'aud'])].map((name) => [
      name,
      textsOf(payload, name).filter(isKept).slice(0, MOST_VALUES),
    ]),
  );
  const known = settings.configuredConsumers ? consumers.get(value) : undefined;
  if (known !== undefined) return { consumer: known.name, groups: [...known.groups, ...groups], claims };
  return { consumer: `${settings.consumerPrefix}:${safeName(value)}`, groups, claims };
}
