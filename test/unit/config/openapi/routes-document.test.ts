import { validate } from '@scalar/openapi-parser';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../../src/config/load.ts';
import { routesDocument } from '../../../../src/config/openapi/routes-document.ts';
import { policySchemas } from '../../../../src/gateway.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');

async function documentOf(routes: string) {
  const sha256 = 'ab'.repeat(32);
  const consumers = `consumers: [{ name: shop, keys: [{ id: k1, sha256: ${sha256} }] }]`;
  const text = `version: 1\n${consumers}\nupstreams: { up: { targets: [{ url: "http://127.0.0.1:1" }] } }\nroutes:\n${routes}`;
  const { config } = loadConfig({ file: 'f.yaml', text, env: {}, policies: await policySchemas() });
  return routesDocument(config, { version: 'r1', now: NOW });
}

it('a route with all it can say', async () => {
  const document = await documentOf(`
  - name: orders
    version: v1
    match: { path: "/orders/:id/*", methods: [POST], host: api.example.com, headers: { x-preview: "1" } }
    upstream: up
    policies:
      - auth-api-key: { header: x-token }
      - lifecycle: { deprecated: "2026-01-01T00:00:00Z", sunset: "2027-01-01T00:00:00Z", link: "https://example.com/v2" }
      - body-schema:
          request: { $ref: "#/$defs/order", $defs: { order: { type: object } } }
          response: { type: object }
          responses: { 404: { type: string } }
      - contract: { query: [page], responses: { 200: [application/json, text/csv], 404: [] } }
`);
  expect(document).toEqual({
    openapi: '3.1.1',
    info: { title: 'Routes of this gateway', version: 'r1' },
    components: {
      securitySchemes: { 'auth-api-key.x-token': { type: 'apiKey', in: 'header', name: 'x-token' } },
    },
    paths: {
      '/orders/{id}/{path}': {
        post: {
          operationId: 'orders',
          'x-version': 'v1',
          'x-host': 'api.example.com',
          'x-sunset': '2027-01-01T00:00:00Z',
          deprecated: true,
          externalDocs: { url: 'https://example.com/v2' },
          security: [{ 'auth-api-key.x-token': [] }],
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
            {
              name: 'path',
              in: 'path',
              required: true,
              schema: { type: 'string' },
              description: expect.stringContaining('may hold slashes'),
            },
            { name: 'x-preview', in: 'header', required: true, schema: { const: '1' } },
            { name: 'page', in: 'query', required: false, schema: {} },
          ],
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema: {
                  $id: 'urn:hypercare:orders:request',
                  $ref: '#/$defs/order',
                  $defs: { order: { type: 'object' } },
                },
              },
            },
          },
          responses: {
            200: { description: 'Status 200.', content: { 'application/json': {}, 'text/csv': {} } },
            404: {
              description: 'Status 404.',
              content: { 'application/json': { schema: { type: 'string' } } },
            },
            '2XX': {
              description: 'Status 2XX.',
              content: { 'application/json': { schema: { type: 'object' } } },
            },
          },
        },
      },
    },
  });
});

it('routes that share a path and a method stand beside one another', async () => {
  const { paths } = await documentOf(`
  - { name: a, match: { path: "/x/{id}", methods: [GET, PUT] }, upstream: up }
  - { name: b, match: { path: "/x/:id", methods: [GET], host: b.example.com }, upstream: up }
`);
  expect(Object.keys(paths)).toEqual(['/x/{id}']);
  expect(paths['/x/{id}']?.get).toMatchObject({
    operationId: 'a.get',
    'x-variants': [{ operationId: 'b', 'x-host': 'b.example.com' }],
    responses: { default: { description: 'Whatever the upstream answers.' } },
  });
  expect(paths['/x/{id}']?.put?.operationId).toBe('a.put');
});

it('what will be deprecated is not yet', async () => {
  const { paths } = await documentOf(`
  - name: a
    match: { path: /x, methods: [GET] }
    upstream: up
    policies: [{ lifecycle: { deprecated: "2026-07-01T00:00:00Z" } }]
`);
  expect(paths['/x']?.get).not.toHaveProperty('deprecated');
});

it('is a document that OpenAPI takes, whatever routes call the parameters of their paths', async () => {
  const document = await documentOf(`
  - { name: read, match: { path: "/users/:id", methods: [GET] }, upstream: up }
  - { name: write, match: { path: "/users/:name", methods: [PUT] }, upstream: up }
  - { name: below, match: { path: "/files/{path}/*", methods: [GET] }, upstream: up }
`);
  expect(await validate({ ...structuredClone(document) })).toMatchObject({ valid: true });
  expect(Object.keys(document.paths)).toEqual(['/users/{id}', '/files/{path}/{path2}']);
  const { get, put } = document.paths['/users/{id}'] ?? {};
  expect([get?.operationId, put?.operationId]).toEqual(['read', 'write']);
  for (const operation of [get, put]) expect(operation?.parameters?.map(({ name }) => name)).toEqual(['id']);
});
