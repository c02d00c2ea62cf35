import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import type { Catalog } from '../models/catalog.ts';
import { refuseOtherMethods } from './other-methods.ts';

const object = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'hypercare-gateway' });

/** `GET /v1/models` and `GET /v1/models/{model}`: the names that applications may ask for. */
export function registerModels(scope: FastifyInstance, prefix: string, catalog: Catalog): void {
  const all = { object: 'list', data: catalog.names().map(object) };
  const url = `${prefix}/models`;
  refuseOtherMethods(scope, url, 'GET');
  refuseOtherMethods(scope, `${url}/:model`, 'GET');
  scope.get(url, (request, reply) => {
    reply.header('x-request-id', exchangeOf(request.raw).id).send(all);
  });
  scope.get<{ Params: { model: string } }>(`${url}/:model`, (request, reply) => {
    const { model } = request.params;
    if (!catalog.get(model)) throw new GatewayError('model_unknown', { param: 'model' });
    reply.header('x-request-id', exchangeOf(request.raw).id).send(object(model));
  });
}
