import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Exchange } from '../../src/contracts/exchange.ts';
import { networkOf } from './network.ts';

/** Whose requests are counted together, as text. */
export type Subject = (exchange: Exchange, request: FastifyRequest) => string;

const HEADER = 'header:';
/** Of the characters of a header's name all but the +, which joins. */
const NAME = /^[a-z0-9!#$%&'*.^_`|~-]+$/;
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

function termOf(term: string): Subject | undefined {
  if (term === 'consumer') return consumer;
  if (term === 'address') return address;
  if (term === 'route') return () => '*';
  if (!term.startsWith(HEADER)) return undefined;
  const name = term.slice(HEADER.length).toLowerCase();
  return NAME.test(name) ? header(name) : undefined;
}

const termsOf = (per: string): string[] => per.split('+').map((term) => term.trim());

/** What is wrong with the expression, as a sentence; undefined if nothing. */
export function subjectProblem(per: string): string | undefined {
  const terms = termsOf(per);
  const wrong = terms.find((term) => termOf(term) === undefined);
  if (wrong !== undefined)
    return `per: "${wrong}" is none of consumer, address, route, header:NAME; join several as "consumer + header:x-tenant"`;
  return new Set(terms).size < terms.length ? `per: "${per}" says the same twice` : undefined;
}

/** Names for the terms of an expression, to tell its limit from others: `consumer+x-tenant` is `consumer-x-tenant`. */
export const subjectName = (per: string): string =>
  termsOf(per)
    .map((term) => (term.startsWith(HEADER) ? term.slice(HEADER.length).toLowerCase() : term))
    .join('-')
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
