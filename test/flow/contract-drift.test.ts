import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';

it('what the contract does not name passes and is recorded: parameters, statuses, types, methods', async () => {
  const up = await backend((request, response) => {
    const status = Number(new URL(request.url ?? '', 'http://x').searchParams.get('answer') ?? 200);
    response.writeHead(status, {
      'content-type': status === 200 ? 'text/html; charset=utf-8' : 'application/json',
    });
    response.end('{}');
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: up.url }] } },
    routes: [
      {
        name: 'list',
        match: { path: '/things/{id}', methods: ['GET'] },
        upstream: 'up',
        policies: [
          { contract: { query: ['page', 'answer'], responses: { 200: ['application/json'], '4XX': [] } } },
        ],
      },
    ],
  });
  const ask = async (query: string, method = 'GET') =>
    (await fetch(`${gateway.url}/things/7${query}`, { method })).status;
  const breaches = async (answered: number) =>
    (await gateway.accessLine(({ status }) => status === answered)).contract_breaches;

  expect(await ask('?page=1&debug=4111111111111111')).toBe(200);
  expect(await ask('?answer=418')).toBe(418);
  expect(await ask('?answer=503')).toBe(503);
  expect(await ask('?method=no', 'DELETE')).toBe(405);

  expect(await breaches(200)).toEqual(['request query debug', 'response content-type text/html']);
  expect(await breaches(418)).toBeUndefined();
  expect(await breaches(503)).toEqual(['response status 503']);
  expect(await breaches(405)).toEqual(['request method DELETE']);
  for (const what of ['query', 'content_type', 'status', 'method'])
    expect(await gateway.metric('gateway_contract_drift_total', { route: 'list', what })).toBe(1);
});
