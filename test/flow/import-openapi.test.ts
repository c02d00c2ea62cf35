import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { runCli } from '../../src/cli/index.ts';
import { backend } from '../helpers/backend.ts';
import { called } from '../helpers/command.ts';
import { testGateway } from '../helpers/gateway.ts';

const SHOP = join(import.meta.dirname, '../fixtures/openapi/shop.yaml');

/** What the command made of a document, and what it said. */
async function imported(file: string, ...args: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-import-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const out = join(folder, 'gateway.yaml');
  const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const code = await runCli(['node', 'hypercare', 'import', 'openapi', file, '--out', out, ...args]);
  const said = errors.mock.calls.join('');
  errors.mockRestore();
  return { code, said, out, text: code === 0 ? await readFile(out, 'utf8') : '' };
}

async function document(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-import-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'document.yaml');
  await writeFile(file, content);
  return file;
}

it('a document becomes routes with schemas that report; what did not get in is said', async () => {
  const { code, out, text, said } = await imported(SHOP, '--upstream', 'shop');
  expect(code).toBe(0);
  const { upstreams, routes } = parse(text);
  expect(upstreams).toEqual({ shop: { targets: [{ url: 'http://127.0.0.1:9000' }] } });
  expect(routes.map(({ name }: { name: string }) => name)).toEqual([
    'getCategory',
    'put-categories-category-id',
    'search',
  ]);
  expect(routes[0].match).toEqual({ path: '/shop/v1/categories/{category_id}', methods: ['GET'] });
  const [schemas, contract] = routes[0].policies;
  expect(schemas['body-schema'].responses['200']).toEqual({
    $ref: '#/$defs/Category',
    $defs: {
      Category: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          example: { type: 'string' },
          rank: { type: ['number', 'null'], exclusiveMinimum: 0 },
          parent: { $ref: '#/$defs/Category' },
          label: { type: 'string', pattern: '^[$${]x$' },
        },
      },
    },
  });
  expect(contract).toEqual({
    contract: {
      query: ['depth'],
      responses: { 200: ['application/json'], '4XX': ['application/problem+json'] },
    },
  });
  expect(routes[1].policies[0]['body-schema']).toMatchObject({ mode: 'report', required: true });
  expect(routes[2].policies).toEqual([{ contract: { responses: { 200: ['application/json'] } } }]);
  const notes = text.split('\n').filter((line) => line.startsWith('# '));
  expect(notes).toEqual([
    '# Made from shop.yaml by "hypercare import openapi".',
    '# Only the first of 2 servers is taken.',
    '# TRACE /categories/{category-id} is left out: the gateway carries no TRACE.',
    '# GET /categories/{name} is left out: another path takes the same requests.',
    '# /reports/{id}.csv is left out: a parameter is a whole segment: /users/:id or /users/{id}.',
    '# The document asks for authentication: add a policy, or these routes are open to anyone.',
    expect.stringContaining('# The schemas of search are left out: responses.200: error parsing regexp'),
  ]);
  expect(said).toBe(
    notes
      .slice(1)
      .map((note) => `${SHOP}: ${note.slice(2)}\n`)
      .join(''),
  );
  expect(await runCli(['node', 'hypercare', 'validate', out])).toBe(0);
});

it('what only answers have is not required of requests, nor the other way round', async () => {
  const file = await document(`
openapi: 3.0.3
info: { title: Users, version: "1" }
servers: [{ url: "http://127.0.0.1:9" }]
paths:
  /users:
    post:
      operationId: addUser
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Member" } } } }
      responses:
        "201": { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Member" } } } }
components:
  schemas:
    Id: { type: integer, readOnly: true }
    User:
      type: object
      required: [id, name, password]
      properties:
        id: { $ref: "#/components/schemas/Id" }
        name: { type: string }
        password: { type: string, writeOnly: true }
    Member:
      allOf: [{ $ref: "#/components/schemas/User" }, { type: object, required: [id, since] }]
      properties: { since: { type: string, readOnly: true } }
`);
  const { text } = await imported(file);
  const { request, responses } = parse(text).routes[0].policies[0]['body-schema'];
  const required = ({ $defs }: { $defs: Record<string, { required?: string[]; allOf?: object[] }> }) => [
    $defs.User?.required,
    $defs.Member?.allOf?.[1],
  ];
  expect(required(request)).toEqual([['name', 'password'], { type: 'object', required: [] }]);
  expect(required(responses['201'])).toEqual([['id', 'name'], { type: 'object', required: ['id', 'since'] }]);
});

it('a body that may be JSON or something else keeps its schema for where it is JSON, and what is deprecated is', async () => {
  const file = await document(`
openapi: 3.0.3
info: { title: Pets, version: "1" }
servers: [{ url: "http://127.0.0.1:9" }]
paths:
  /pets:
    post:
      operationId: addPet
      deprecated: true
      externalDocs: { url: "https://pets.example/v2" }
      requestBody:
        content:
          application/xml: { schema: { type: object } }
          application/json: { schema: { type: object, required: [name], properties: { owner: { nullable: true, oneOf: [{ type: string }] } } } }
      servers: [{ url: "http://127.0.0.1:8" }]
      responses: { "204": { description: kept } }
`);
  const { text, said } = await imported(file);
  expect(said).toContain(
    'POST /pets has servers of its own, which are not taken: it goes to http://127.0.0.1:9.',
  );
  const [lifecycle, schemas] = parse(text).routes[0].policies;
  expect(lifecycle).toEqual({
    lifecycle: { deprecated: expect.any(String), link: 'https://pets.example/v2' },
  });
  expect(Math.abs(Date.now() - Date.parse(lifecycle.lifecycle.deprecated))).toBeLessThan(600_000);
  expect(text).toContain('# The document does not say since when operations are deprecated');
  expect(schemas).toEqual({
    'body-schema': {
      mode: 'report',
      required: false,
      otherTypes: 'pass',
      request: {
        type: 'object',
        required: ['name'],
        // As people mean it; OpenAPI 3.0 has `nullable` beside a type only.
        properties: { owner: { anyOf: [{ oneOf: [{ type: 'string' }] }, { type: 'null' }] } },
      },
    },
  });
});

it('traffic that drifts from the document is seen, and none of it is refused', async () => {
  const up = await backend((request, response) => {
    const found = { name: 'x', parent: { rank: 1 } };
    response
      .setHeader('content-type', 'application/json')
      .end(request.method === 'GET' ? JSON.stringify(found) : '');
  });
  const { text } = await imported(SHOP);
  const config = parse(text);
  config.upstreams.api.targets = [{ url: up.url }];
  const gateway = await testGateway(config);
  const url = `${gateway.url}/shop/v1/categories/7`;
  expect((await fetch(`${url}?depth=1&color=red`)).status).toBe(200);
  const put = {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"rank":0,"name":"x"}',
  };
  expect((await fetch(url, put)).status).toBe(200);

  const read = await gateway.accessLine(({ route }) => route === 'getCategory');
  expect(read.contract_breaches).toEqual([
    'request query color',
    "response /parent must have required property 'name'",
  ]);
  const written = await gateway.accessLine(({ method }) => method === 'PUT');
  expect(written.contract_breaches).toEqual(['request /rank must be > 0', 'response status 200']);
});

it.each([
  ['is no OpenAPI', 'hello: world', 'is no OpenAPI document'],
  ['is Swagger 2', 'swagger: "2.0"', 'is no OpenAPI document'],
  ['is no YAML', '[', 'Flow sequence'],
  ['breaks the specification', 'openapi: 3.1.0\ninfo: {}\npaths: {}', 'is not valid OpenAPI'],
  [
    'refers to another place',
    'openapi: 3.1.0\ninfo: { title: x, version: "1" }\npaths: { /a: { $ref: "http://127.0.0.1:1/a.yaml" } }',
    'is not valid OpenAPI',
  ],
  [
    'is a bomb of aliases',
    `a: &a [x, x, x, x, x, x, x, x, x, x]\n${'bcdefgh'
      .split('')
      .map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[i]}`).join(', ')}]`)
      .join('\n')}\nopenapi: 3.1.0`,
    'Excessive alias count',
  ],
])('a document that %s is refused with a reason', async (_what, content, message) => {
  const { code, said } = await imported(await document(content));
  expect([code, said]).toEqual([2, expect.stringContaining(message)]);
});

it('a document without a server says where to write it', async () => {
  const { text } = await imported(
    await document(
      'openapi: 3.1.0\ninfo: { title: x, version: "1" }\npaths: { /a: { get: { responses: { default: { description: x } } } } }',
    ),
  );
  expect(text).toContain('names no server');
  expect(parse(text).routes).toEqual([
    {
      name: 'get-a',
      match: { path: '/a', methods: ['GET'] },
      upstream: 'api',
      policies: [{ contract: { query: [], responses: { default: [] } } }],
    },
  ]);
});

it('a file that is there is replaced where that is asked for, and one that can’t be written is said in a line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-import-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const out = join(folder, 'own.yaml');
  await writeFile(out, '# by hand\n');
  const intoIt = (...args: string[]) => called('import', 'openapi', SHOP, '--out', out, ...args);

  const refused = await intoIt();
  expect([refused.code, refused.wrong]).toEqual([
    2,
    `${out}: is there already, and would be replaced with --force\n`,
  ]);
  expect(await readFile(out, 'utf8')).toBe('# by hand\n');
  expect((await intoIt('--force')).code).toBe(0);
  expect(await readFile(out, 'utf8')).toContain('# Made from shop.yaml');

  const nowhere = join(folder, 'no', 'such', 'x.yaml');
  const failed = await called('import', 'openapi', SHOP, '--out', nowhere, '--force');
  expect([failed.code, failed.wrong]).toEqual([1, expect.stringMatching(/^[^\n]*ENOENT[^\n]*\n$/)]);
  expect(failed.wrong).toContain(nowhere);
});
