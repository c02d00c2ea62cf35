import { hash } from 'node:crypto';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyRequest } from '../../src/contracts/policy.ts';
import { cookieOf } from './cookie.ts';
import { networkOf } from './network.ts';

/** Whose requests are counted together, as text. */
export type Subject = (exchange: Exchange, request: PolicyRequest) => string;

/** Of the characters of a header's or a cookie's name all but the +, which joins. */
const TOKEN = /^[A-Za-z0-9!#$%&'*.^_`|~-]+$/;
/** Claims may be URLs (RFC 7519 section 4.2). */
const CLAIM = /^[A-Za-z0-9._:/-]+$/;
/** Characters. Longer subjects (a header may hold a whole token) are told apart by their digest. */
const LONGEST = 100;

const address: Subject = ({ client }) => `address:${networkOf(client)}`;
const consumer: Subject = (exchange, request) =>
  exchange.consumer === '' ? address(exchange, request) : `consumer:${exchange.consumer}`;

function header(name: string): Subject {
  return (_exchange, { headers }) => {
    const value = headers[name];
    if (value === undefined) return 'none';
    return `is:${typeof value === 'string' ? value : value.join(', ')}`;
  };
}

function cookie(name: string): Subject {
  return (_exchange, { headers }) => {
    const value = cookieOf(headers.cookie, name);
    return value === undefined ? 'none' : `is:${value}`;
  };
}

/** As JSON: what an issuer or a config says may hold anything, line feeds too. */
const several = (values: readonly string[] | undefined): string =>
  values === undefined || values.length === 0 ? 'none' : `are:${JSON.stringify(values.toSorted())}`;

const group: Subject = ({ consumerGroups }) => several(consumerGroups);

function claim(name: string): Subject {
  return ({ consumerClaims }) =>
    several(Object.hasOwn(consumerClaims, name) ? consumerClaims[name] : undefined);
}

const WORDS: ReadonlyMap<string, Subject> = new Map([
  ['consumer', consumer],
  ['address', address],
  ['route', () => '*'],
  ['group', group],
]);

interface NamedTerm {
  name: RegExp;
  of(name: string): Subject;
}

const NAMED: ReadonlyMap<string, NamedTerm> = new Map([
  ['header', { name: TOKEN, of: (name) => header(name.toLowerCase()) }],
  ['cookie', { name: TOKEN, of: cookie }],
  ['claim', { name: CLAIM, of: claim }],
]);

/** `header:x-tenant` is a header called x-tenant; a word has no name. */
function partsOf(term: string): { kind: string; name: string } {
  const colon = term.indexOf(':');
  return colon < 0 ? { kind: term, name: '' } : { kind: term.slice(0, colon), name: term.slice(colon + 1) };
}

function termOf(term: string): Subject | undefined {
  const { kind, name } = partsOf(term);
  const named = NAMED.get(kind);
  return named?.name.test(name) ? named.of(name) : WORDS.get(term);
}

/** Headers are the same in capitals. */
const termsOf = (per: string): string[] =>
  per
    .split('+')
    .map((term) => term.trim())
    .map((term) => (term.startsWith('header:') ? term.toLowerCase() : term));

/** What is wrong with the expression, as a sentence; undefined if nothing. */
export function subjectProblem(per: string): string | undefined {
  const terms = termsOf(per);
  const wrong = terms.find((term) => termOf(term) === undefined);
  if (wrong !== undefined)
    return `per: "${wrong}" is none of consumer, address, route, group, header:NAME, cookie:NAME, claim:NAME; join several as "consumer + header:x-tenant"`;
  return new Set(terms).size < terms.length ? `per: "${per}" says the same twice` : undefined;
}

/** Names for the terms of an expression, to tell its limit from others: `consumer+x-tenant` is `consumer-x-tenant`. */
export const subjectName = (per: string): string =>
  termsOf(per)
    .map((term) => partsOf(term).name || term)
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-');

/**
 * Made once a generation. No part can hold a line feed, so that no value of a header can pass for another subject.
 * @param per an expression without problem
 */
export function subjectOf(per: string): Subject {
  const parts = termsOf(per).flatMap((term) => termOf(term) ?? []);
  const [only] = parts;
  const join: Subject =
    parts.length === 1 && only !== undefined
      ? only
      : (exchange, request) => parts.map((part) => part(exchange, request)).join('\n');
  return (exchange, request) => {
    const subject = join(exchange, request);
    return subject.length <= LONGEST ? subject : `digest:${hash('sha256', subject, 'base64url')}`;
  };
}
