import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import type { Catalog } from '../models/catalog.ts';
import { refuseOtherMethods } from './other-methods.ts';

const ofOpenai = (id: string): JsonObject => ({
  id,
  object: 'model',
  created: 0,
  owned_by: 'hypercare-gateway',
});
const ofAnthropic = (id: string): JsonObject => ({
  type: 'model',
  id,
  display_name: id,
  created_at: '1970-01-01T00:00:00Z',
});

/** Anthropic's clients name the version of its API with each request; nobody else does. */
const isAnthropic = ({ headers }: FastifyRequest): boolean => headers['anthropic-version'] !== undefined;

/** `GET /v1/models` and `GET /v1/models/{model}`: the names that applications may ask for, in the form of who asks. */
export function registerModels(scope: FastifyInstance, prefix: string, catalog: Catalog): void {
  const names = catalog.names();
  const all = { object: 'list', data: names.map(ofOpenai) };
  const url = `${prefix}/models`;
  refuseOtherMethods(scope, url, 'GET');
  refuseOtherMethods(scope, `${url}/:model`, 'GET');
  scope.get(url, (request, reply) => {
    reply.header('x-request-id', exchangeOf(request.raw).id);
    reply.send(isAnthropic(request) ? pageOf(names, request.query as PageQuery) : all);
  });
  scope.get<{ Params: { model: string } }>(`${url}/:model`, (request, reply) => {
    const { model } = request.params;
    if (!catalog.get(model)) throw new GatewayError('model_unknown', { param: 'model' });
    const write = isAnthropic(request) ? ofAnthropic : ofOpenai;
    reply.header('x-request-id', exchangeOf(request.raw).id).send(write(model));
  });
}

type PageQuery = Readonly<Partial<Record<'limit' | 'after_id' | 'before_id', unknown>>>;

/** As many as Anthropic's API gives at once, unless more or fewer are asked for. */
const PAGE = 20;
const LARGEST_PAGE = 1_000;

/** @throws GatewayError `body_invalid` */
function pageOf(
  names: readonly string[],
  { limit, after_id: after, before_id: before }: PageQuery,
): JsonObject {
  const size = limit === undefined ? PAGE : Number(limit);
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_PAGE)
    throw new GatewayError('body_invalid', {
      param: 'limit',
      detail: `limit is a whole number from 1 to ${LARGEST_PAGE}.`,
    });
  const from = after === undefined ? 0 : names.indexOf(String(after)) + 1;
  const to = before === undefined ? names.length : Math.max(0, names.indexOf(String(before)));
  const rest = names.slice(from, to);
  const page = before === undefined ? rest.slice(0, size) : rest.slice(-size);
  return {
    data: page.map(ofAnthropic),
    has_more: rest.length > page.length,
    first_id: page[0] ?? null,
    last_id: page.at(-1) ?? null,
  };
}
