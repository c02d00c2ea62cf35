import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject } from '../contracts/model-request.ts';
import { objectOf, textOf } from '../lib/json.ts';
import { own } from '../lib/own.ts';

/** In these Amazon (InvokeModel) and Google (Vertex) are asked for a tier. */
const ASKED_IN = ['x-amzn-bedrock-service-tier', 'x-vertex-ai-llm-shared-request-type'];
/** In these Amazon and Google (Gemini) say at which they answered. */
const GIVEN_IN = ['x-amzn-bedrock-service-tier', 'x-gemini-service-tier'];

const GIVEN: Readonly<Record<string, string>> = {
  default: 'default',
  standard: 'default',
  flex: 'flex',
  priority: 'priority',
  reserved: 'reserved',
};

/** Those that may cost more than usual, the dearest first. */
const DEAR = ['fast', 'priority'];

/**
 * The tier that a call in a provider's own words asks for, by its body or a header. Which of them its provider goes by, it
 * knows alone: of several the dearest counts. '' if it asks for none.
 * @param read what is read of every body
 */
export function askedTier(read: string, body: JsonObject, headers: IncomingHttpHeaders): string {
  const { serviceTier = body.service_tier } = body;
  const asked = [
    read,
    // Of Amazon's Converse.
    textOf(objectOf(serviceTier).type),
    // Google takes the number of a word for it. It is the dearest until the answer says another.
    typeof serviceTier === 'number' && serviceTier !== 0 ? 'priority' : '',
    ...ASKED_IN.flatMap((name) => wordsOf(headers[name])),
  ];
  return DEAR.find((tier) => asked.includes(tier)) ?? asked.find((tier) => tier !== '') ?? '';
}

/** The tier at which an answer says in its head that it was served: what its model says in the body may be another's. '' if it doesn't. */
export function givenTier(headers: IncomingHttpHeaders): string {
  for (const name of GIVEN_IN) {
    const tier = own(GIVEN, wordsOf(headers[name])[0] ?? '');
    if (tier !== undefined) return tier;
  }
  return '';
}

/** A header that is sent twice comes as one, with a comma. */
const wordsOf = (value: string | readonly string[] | undefined): string[] =>
  value === undefined
    ? []
    : String(value)
        .toLowerCase()
        .split(',')
        .map((word) => word.trim());
