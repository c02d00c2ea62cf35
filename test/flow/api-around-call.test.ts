import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Policy, UpstreamRequest, UpstreamResponse } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, problemCode, rawClient } from '../helpers/raw-http.ts';

interface Seen {
  method: string;
  url: string;
  body: string;
}

interface House {
  gateway: TestGateway;
  seen: Seen[];
  /** Answers that the upstream could not end, since nobody wanted them. */
  dropped: () => number;
}

/** An upstream that answers `METHOD /path body` and a route with the given policies around it. */
async function house(...policies: Policy['aroundCall'][]): Promise<House> {
  const seen: Seen[] = [];
  let dropped = 0;
  const upstream = await backend(async (request, response) => {
    response.on('close', () => response.writableFinished || dropped++);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { method = '', url = '' } = request;
    const body = Buffer.concat(pieces).toString();
    seen.push({ method, url, body });
    response.setHeader('x-upstream', 'yes').setHeader('keep-alive', 'timeout=5, max=7');
    if (url.startsWith('/endless')) response.write('begun');
    else if (url.startsWith('/status/')) response.writeHead(Number(url.slice(8))).end();
    else if (url.startsWith('/broken')) {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setImmediate(() => response.destroy());
    } else response.end(`${method} ${url} ${body}`);
  });
  const descriptors = policies.map((aroundCall, i) => ({
    name: `around-${i}`,
    slot: 'inspect' as const,
    schema: { type: 'object' },
    create: (): Policy => ({
      ...(aroundCall ? { aroundCall } : {}),
      onResponseHeaders: (headers) => {
        headers['x-decorated'] = 'yes';
      },
    }),
  }));
  const gateway = await testGateway(
    {
      upstreams: { up: { targets: [{ url: `${upstream.url}/base` }] } },
      routes: [
        {
          name: 'all',
          match: { path: '/*' },
          upstream: 'up',
          policies: [
            { 'rate-limit': { limit: 100, window: '1m', per: 'route' } },
            ...descriptors.map(({ name }) => ({ [name]: {} })),
          ],
        },
      ],
    },
    { policies: descriptors },
  );
  // The base path is the target's business, not the policies'.
  upstream.server.prependListener('request', (request) => {
    request.url = request.url?.replace('/base', '');
  });
  return { gateway, seen, dropped: () => dropped };
}

const text = async ({ body }: UpstreamResponse): Promise<string> => {
  if (!(body instanceof Readable)) return body?.toString() ?? '';
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
};

it('a policy that only looks on changes nothing: status, headers, length, bytes', async () => {
  let looked: UpstreamResponse | undefined;
  const { gateway } = await house(async (request, _exchange, next) => {
    looked = await next(request);
    return looked;
  });
  const answer = await call(gateway.url, '/a?b=c', { method: 'POST', body: 'hello' });
  expect([answer.status, answer.body.toString()]).toEqual([200, 'POST /a?b=c hello']);
  expect(answer.headers).toMatchObject({
    'x-upstream': 'yes',
    'x-decorated': 'yes',
    'content-length': '17',
    'ratelimit-policy': '"route";q=100;w=60',
  });
  expect(answer.headers, 'of the gateway’s own connection').not.toHaveProperty('keep-alive');
  expect(looked?.headers).not.toHaveProperty('keep-alive');
  expect(looked?.headers, 'the request’s id is not the answer’s').not.toHaveProperty('x-request-id');
  await gateway.accessLine(({ reason, attempts }) => reason === 'ok' && attempts === 1);
});

it('one that answers by itself: the upstream is not asked', async () => {
  const { gateway, seen } = await house(async () => ({
    status: 203,
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from('from here'),
  }));
  const answer = await call(gateway.url, '/');
  expect([answer.status, answer.body.toString(), seen]).toEqual([203, 'from here', []]);
  expect(answer.headers).toMatchObject({ 'content-length': '9', 'x-decorated': 'yes' });
  expect(answer.headers['x-request-id']).toBeTypeOf('string');
  const head = await call(gateway.url, '/', { method: 'HEAD' });
  expect([head.headers['content-length'], head.body.length]).toEqual(['9', 0]);
});

it('one that changes what is sent and what comes back, inside of one that does so, too', async () => {
  const shout = (mark: string): Policy['aroundCall'] => {
    return async (request, _exchange, next) => {
      const body = Buffer.from(`${request.body?.toString() ?? ''}${mark}`);
      const response = await next({ ...request, path: `${request.path}${mark}`, body });
      return { ...response, status: 201, body: Buffer.from(`${await text(response)}${mark}`) };
    };
  };
  const { gateway, seen } = await house(shout('1'), shout('2'));
  const answer = await call(gateway.url, '/x', { method: 'PUT', body: 'body' });
  expect(seen).toEqual([{ method: 'PUT', url: '/x12', body: 'body12' }]);
  expect([answer.status, answer.body.toString()]).toEqual([201, 'PUT /x12 body1221']);
});

it('one that puts its own stream in place of the upstream’s', async () => {
  const { gateway } = await house(async (request, _exchange, next) => {
    const response = await next(request);
    const twice = new PassThrough();
    (response.body as Readable).on('data', (chunk) => twice.write(chunk)).on('end', () => twice.end('!'));
    return { ...response, body: twice };
  });
  const answer = await call(gateway.url, '/x');
  expect(answer.body.toString()).toBe('GET /x !');
});

it('one that asks twice: the answer that nobody wants is given up', async () => {
  const { gateway, seen, dropped } = await house(async (request, _exchange, next) => {
    await next({ ...request, path: '/endless' });
    return next(request);
  });
  const answer = await call(gateway.url, '/second');
  expect(answer.body.toString()).toBe('GET /second ');
  expect(seen.map(({ url }) => url)).toEqual(['/endless', '/second']);
  await eventually(() => dropped() === 1);
});

it('one that throws: an error of the table is the answer, everything else is our fault', async () => {
  const { gateway, seen } = await house(async (request) => {
    throw request.path === '/known' ? new GatewayError('not_authorized') : new Error('oops');
  });
  const known = await call(gateway.url, '/known');
  expect([known.status, problemCode(known), known.headers['x-decorated']]).toEqual([
    403,
    'not_authorized',
    'yes',
  ]);
  const unknown = await call(gateway.url, '/unknown');
  expect([unknown.status, problemCode(unknown), seen]).toEqual([500, 'internal', []]);
  await gateway.accessLine(({ reason, detail }) => reason === 'internal' && detail === 'oops');
});

it('a failure of the upstream reaches the policy as an error of the table', async () => {
  const caught: unknown[] = [];
  const look = async (
    request: UpstreamRequest,
    _exchange: unknown,
    next: Parameters<NonNullable<Policy['aroundCall']>>[2],
  ) => {
    try {
      return await next({ ...request, path: '/broken' });
    } catch (error) {
      caught.push(error);
      throw error;
    }
  };
  const descriptor = {
    name: 'looks',
    slot: 'inspect' as const,
    schema: { type: 'object' },
    create: (): Policy => ({ aroundCall: look }),
  };
  const gateway = await testGateway(
    {
      upstreams: { dead: { targets: [{ url: 'http://127.0.0.1:1' }] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'dead', policies: [{ looks: {} }] }],
    },
    { policies: [descriptor] },
  );
  expect((await call(gateway.url, '/')).status).toBe(502);
  expect(caught).toMatchObject([{ name: 'GatewayError', code: 'upstream_connect' }]);
});

it('half an answer never looks like a whole one', async () => {
  const { gateway } = await house(async (request, _exchange, next) => next(request));
  await expect(call(gateway.url, '/broken')).rejects.toThrow();
  await gateway.accessLine(({ reason, status }) => reason === 'upstream_truncated' && status === 200);
});

it.each([204, 304])('a %i has no body', async (status) => {
  const { gateway } = await house(async (request, _exchange, next) => next(request));
  for (let i = 0; i < 3; i++) expect((await call(gateway.url, `/status/${status}`)).status).toBe(status);
});

it('a client that leaves ends the call, though a policy stands between', async () => {
  const { gateway, dropped } = await house(async (request, _exchange, next) => next(request));
  const client = await rawClient(gateway.url);
  client.send('GET /endless HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('begun');
  client.socket.destroy();
  await eventually(() => dropped() === 1);
  await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
});

it('one policy’s stream of 8 MB passes unhurt', async () => {
  const piece = Buffer.alloc(64 * 1024, 'y');
  const { gateway } = await house(async () => ({
    status: 200,
    headers: {},
    body: Readable.from(Array.from({ length: 128 }, () => piece)),
  }));
  expect((await call(gateway.url, '/')).body.length).toBe(128 * piece.length);
});
