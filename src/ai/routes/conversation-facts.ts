import type { FastifyRequest } from 'fastify';
import type { Notes } from '../../context/notes.ts';
import type { JsonObject, Message } from '../../contracts/model-request.ts';
import type { SessionRef } from '../../contracts/session.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, parseObject } from '../../lib/json.ts';
import { exchangeOf } from '../../record/exchange.ts';
import { openaiResponses } from '../formats/openai-responses/index.ts';
import { withoutPictures } from '../memory/without-pictures.ts';
import { LONGEST_NAME } from '../request-facts.ts';

/** @throws GatewayError `session_unknown` for what can be no session's name */
export function refOf(request: FastifyRequest, session: string): SessionRef {
  if (session === '' || session.length > LONGEST_NAME || !session.isWellFormed())
    throw new GatewayError('session_unknown');
  return { tenant: exchangeOf(request.raw).consumer, session };
}

/** @throws GatewayError `body_malformed` */
export function bodyIn({ body }: FastifyRequest): JsonObject {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  const read = parseObject(body.toString('utf8'));
  if (!read) throw new GatewayError('body_malformed');
  return read;
}

const MOST_PAIRS = 16;
const LONGEST_KEY = 64;
const LONGEST_VALUE = 512;

/** What a client notes on a conversation, within OpenAI's bounds; null = nothing. @throws GatewayError `body_invalid` */
export function metadataIn(given: unknown): Notes {
  if (given === null) return {};
  const invalid = (detail: string): GatewayError =>
    new GatewayError('body_invalid', { param: 'metadata', detail });
  if (!isObject(given)) throw invalid('metadata must be an object.');
  const pairs = Object.entries(given);
  if (pairs.length > MOST_PAIRS) throw invalid(`metadata has at most ${MOST_PAIRS} pairs.`);
  for (const [key, value] of pairs) {
    if (key.length > LONGEST_KEY) throw invalid(`A key of metadata has at most ${LONGEST_KEY} characters.`);
    if (typeof value !== 'string' || value.length > LONGEST_VALUE)
      throw invalid(`A value of metadata is a string of at most ${LONGEST_VALUE} characters.`);
  }
  return given as Notes;
}

const MOST_ITEMS = 20;

/** Items that a client puts into a conversation, as messages. @throws GatewayError `body_invalid`, `field_not_supported` */
export function itemsIn(given: unknown): Message[] {
  const invalid = (detail: string): GatewayError =>
    new GatewayError('body_invalid', { param: 'items', detail });
  if (!Array.isArray(given) || given.length === 0) throw invalid('items must be a list of items.');
  if (given.length > MOST_ITEMS) throw invalid(`At most ${MOST_ITEMS} items can be added at a time.`);
  const { system, messages, uncarried } = openaiResponses.readRequest({ input: given });
  const [lost] = uncarried;
  if (lost !== undefined)
    throw new GatewayError('field_not_supported', { param: lost.replace(/^input/, 'items') });
  const said = withoutPictures(messages);
  return system.length === 0 ? [...said] : [{ role: 'system', at: '', content: system }, ...said];
}
