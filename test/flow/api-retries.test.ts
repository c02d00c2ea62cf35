import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { admin } from '../helpers/admin.ts';
import { type Backend, backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { loopTurns } from '../helpers/loop-turns.ts';
import { call, problemCode } from '../helpers/raw-http.ts';

interface House {
  gateway: TestGateway;
  targets: Backend[];
  /** Requests by target. */
  seen: IncomingMessage[][];
  /** Until a target has sent an answer with this status and the gateway has had turns to read it. */
  answered(target: number, status: number): Promise<void>;
}

async function house(upstream: object, ...listeners: RequestListener[]): Promise<House> {
  const seen: IncomingMessage[][] = listeners.map(() => []);
  const sent: number[][] = listeners.map(() => []);
  const targets = await Promise.all(
    listeners.map((listener, i) =>
      backend((request, response) => {
        seen[i]?.push(request);
        response.once('finish', () => sent[i]?.push(response.statusCode));
        listener(request, response);
      }),
    ),
  );
  const gateway = await testGateway({
    upstreams: { up: { targets: targets.map(({ url }) => ({ url })), ...upstream } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const answered = async (target: number, status: number): Promise<void> => {
    await eventually(() => sent[target]?.includes(status));
    await loopTurns();
  };
  return { gateway, targets, seen, answered };
}

const counts = ({ seen }: House): number[] => seen.map(({ length }) => length);

const well: RequestListener = (request, response) => {
  request.resume().on('end', () => response.end('well'));
};
const fails =
  (status: number, headers = {}): RequestListener =>
  (request, response) => {
    request.resume().on('end', () => response.writeHead(status, headers).end('ill'));
  };
const hangsUp: RequestListener = (request) => void request.socket.destroy();

it('a target that hangs up or fails: the client hears of nothing, log and metrics do', async () => {
  const retry = { attempts: 3, on: ['reset', 503], budget: '100%' };
  const own = await house({ retry }, hangsUp, fails(503), well);
  const answer = await call(own.gateway.url, '/a?b=c', { method: 'PUT', body: 'hello' });
  expect([answer.status, answer.body.toString()]).toEqual([200, 'well']);
  expect(counts(own)).toEqual([1, 1, 1]);
  expect(own.seen.flat().map(({ method, url }) => `${method} ${url}`)).toEqual(Array(3).fill('PUT /a?b=c'));
  const line = await own.gateway.accessLine(({ reason }) => reason === 'ok');
  const [first, second] = own.targets.map(({ url }) => url);
  expect(line).toMatchObject({
    attempts: 3,
    retries: 2,
    failed_attempts: [`${first} upstream_reset`, `${second} 503`],
    target: own.targets[2]?.url,
  });
  expect(await own.gateway.metric('gateway_retries_total', { upstream: 'up', reason: '503' })).toBe(1);
  expect(await own.gateway.metric('gateway_retries_total', { upstream: 'up' })).toBe(2);
});

it('each attempt that failed is kept with the time at which it had, for the console', async () => {
  const targets = await Promise.all([hangsUp, fails(503), well].map((listener) => backend(listener)));
  const retry = { attempts: 3, on: ['reset', 503], budget: '100%' };
  const gateway = await testGateway({
    hypercare: {},
    upstreams: { up: { targets: targets.map(({ url }) => ({ url })), retry } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  await call(gateway.url, '/a', { method: 'PUT', body: 'hello' });

  const kept = await eventually(async () => (await admin(gateway, '/api/requests')).body.items[0]);
  expect(kept.attempts).toMatchObject([
    { target: targets[0]?.url, reason: 'upstream_reset' },
    { target: targets[1]?.url, reason: '503' },
  ]);
  const times = [0, ...kept.attempts.map(({ endedMs }: { endedMs: number }) => endedMs), kept.durationMs];
  expect(times).toEqual(times.toSorted((a: number, b: number) => a - b));
  expect(times[1]).toBeGreaterThan(0);
});

it('a POST that was sent is not sent again, one that was not is', async () => {
  const retry = { attempts: 3, on: ['connect', 'reset', 503], budget: '100%' };
  for (const listener of [hangsUp, fails(503)]) {
    const own = await house({ retry }, listener, listener);
    const answer = await call(own.gateway.url, '/', { method: 'POST', body: 'order' });
    expect(answer.status).toBe(listener === hangsUp ? 502 : 503);
    expect(own.seen.flat()).toHaveLength(1);
    const refused = { upstream: 'up', reason: 'not_idempotent' };
    expect(await own.gateway.metric('gateway_retries_refused_total', refused)).toBe(1);
    await own.gateway.accessLine(({ retry_refused }) => retry_refused === 'not_idempotent');
  }
  const own = await house({ retry }, well, well);
  await own.targets[0]?.close();
  for (let i = 0; i < 4; i++)
    expect((await call(own.gateway.url, '/', { method: 'POST', body: 'order' })).status).toBe(200);
  expect(counts(own)).toEqual([0, 4]);
});

it('when all fail the client gets the last failure, with one target after a pause', async () => {
  const own = await house(
    { retry: { attempts: 3, on: [503], budget: '100%' } },
    fails(503, { 'x-last': '1' }),
  );
  const answer = await call(own.gateway.url, '/');
  expect([answer.status, answer.body.toString(), answer.headers['x-last'], counts(own)]).toEqual([
    503,
    'ill',
    '1',
    [3],
  ]);
});

it('Retry-After is waited for, and a long one is the client’s to read', async () => {
  const retry = { attempts: 2, on: [503], budget: '100%', maxWait: '2s' };
  const patient = await house({ retry }, (request, response) => {
    if (counts(patient)[0] === 1) fails(503, { 'retry-after': '1' })(request, response);
    else well(request, response);
  });
  const started = performance.now();
  expect((await call(patient.gateway.url, '/')).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThan(950);

  const long = await house({ retry }, fails(503, { 'retry-after': '30' }), well);
  const answer = await call(long.gateway.url, '/');
  expect([answer.status, answer.headers['retry-after'], counts(long)]).toEqual([503, '30', [1, 0]]);
});

it('in an outage retries stay within their budget', async () => {
  const own = await house({ retry: { attempts: 4, on: [503], budget: '20%' } }, fails(503), fails(503));
  const statuses = await Promise.all(
    Array.from({ length: 200 }, () => call(own.gateway.url, '/').then(({ status }) => status)),
  );
  expect(new Set(statuses)).toEqual(new Set([503]));
  const sent = counts(own).reduce((a, b) => a + b, 0);
  expect(sent).toBeGreaterThan(200);
  expect(sent, '200 and a fifth').toBeLessThanOrEqual(240);
  const refused = (reason: string): Promise<number> =>
    own.gateway.metric('gateway_retries_refused_total', { upstream: 'up', reason });
  expect((await refused('budget')) + (await refused('attempts')), 'each that failed').toBe(200);
  expect(await refused('budget')).toBeGreaterThan(100);
});

it('a retry that was refused is the failed upstream’s, also where another has stood in', async () => {
  const [ill, other] = await Promise.all([backend(fails(503)), backend(well)]);
  const retry = { attempts: 3, on: [503], budget: '0%' };
  const gateway = await testGateway({
    upstreams: {
      ill: { targets: [{ url: ill.url }], retry },
      other: { targets: [{ url: other.url }] },
    },
    routes: [
      { name: 'all', match: { path: '/*' }, upstream: 'ill', fallback: { upstream: 'other', on: [503] } },
    ],
  });
  expect((await call(gateway.url, '/')).body.toString()).toBe('well');
  const refused = { upstream: 'ill', reason: 'budget' };
  expect(await gateway.metric('gateway_retries_refused_total', refused)).toBe(1);
});

it('a client that leaves between two attempts ends it', async () => {
  const retry = { attempts: 2, on: [503], budget: '100%', maxWait: '10s' };
  const own = await house({ retry }, fails(503, { 'retry-after': '9' }));
  const controller = new AbortController();
  const asked = fetch(own.gateway.url, { signal: controller.signal });
  await eventually(() => counts(own)[0] === 1);
  controller.abort();
  await expect(asked).rejects.toThrow();
  await own.gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  await eventually(async () => (await own.gateway.metric('gateway_requests_in_flight')) === 0);
  expect(counts(own)).toEqual([1]);
});

it('a target whose name leads nowhere fails no request and is ejected, whatever is configured of retries', async () => {
  const target = await backend(well);
  const gateway = await testGateway(
    {
      upstreams: {
        up: {
          targets: [{ url: 'http://nosuch.test:1' }, { url: target.url }],
          outlier: { consecutiveFailures: 2, eject: '60s' },
        },
      },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
    },
    {
      resolve: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
    },
  );
  for (let i = 0; i < 8; i++)
    expect((await call(gateway.url, '/', { method: 'POST', body: 'order' })).status).toBe(200);
  const failed = { upstream: 'up', target: 'http://nosuch.test:1', outcome: 'upstream_connect' };
  expect(await gateway.metric('gateway_upstream_requests_total', failed), 'then it is out').toBe(2);
  expect(await gateway.metric('gateway_retries_total', { upstream: 'up' })).toBe(2);
});

it('a gateway that has no socket left says so itself: no target is blamed, and none is tried for nothing', async () => {
  const target = await backend(well);
  const { port } = new URL(target.url);
  let isLacking = true;
  const gateway = await testGateway(
    {
      upstreams: {
        up: {
          targets: [{ url: `http://a.test:${port}` }, { url: `http://b.test:${port}` }],
          outlier: { consecutiveFailures: 1, eject: '60s' },
          breaker: { errorRate: '50%', minRequests: 2, window: '60s', open: '60s' },
        },
      },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
    },
    {
      resolve: async () => {
        if (isLacking) throw Object.assign(new Error('socket EMFILE'), { code: 'EMFILE' });
        return [{ address: '127.0.0.1', family: 4 }];
      },
    },
  );
  for (let i = 0; i < 4; i++) {
    const answer = await call(gateway.url, '/');
    expect([answer.status, problemCode(answer)]).toEqual([503, 'gateway_exhausted']);
  }
  expect(await gateway.accessLine(({ reason }) => reason === 'gateway_exhausted')).toMatchObject({
    attempts: 1,
    detail: expect.stringContaining('EMFILE'),
  });
  isLacking = false;
  for (let i = 0; i < 4; i++) expect((await call(gateway.url, '/')).status).toBe(200);
});

it('half an answer is never begun anew', async () => {
  const own = await house({ retry: { attempts: 3, on: ['reset'], budget: '100%' } }, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half');
    setImmediate(() => response.destroy());
  });
  await expect(call(own.gateway.url, '/')).rejects.toThrow();
  expect(counts(own)).toEqual([1]);
});

it('a slow target is hedged, the loser is told to stop', async () => {
  let stopped = 0;
  const slow: RequestListener = (_request, response) => void response.on('close', () => stopped++);
  const own = await house({ hedge: { after: '50ms', budget: '100%' } }, slow, well);
  const answer = await call(own.gateway.url, '/');
  expect([answer.status, answer.body.toString(), counts(own)]).toEqual([200, 'well', [1, 1]]);
  await eventually(() => stopped === 1);
  const line = await own.gateway.accessLine(({ reason }) => reason === 'ok');
  expect(line).toMatchObject({ attempts: 2, hedge: 'won', target: own.targets[1]?.url });
  expect(await own.gateway.metric('gateway_hedges_total', { upstream: 'up', outcome: 'won' })).toBe(1);
});

it('of two that run the one that fails is no answer, and nothing is hedged that changes something', async () => {
  let answerLate: (() => void) | undefined;
  const late: RequestListener = (_request, response) => {
    answerLate = () => response.end('late');
  };
  const own = await house({ hedge: { after: '50ms', budget: '100%' } }, late, hangsUp);
  const asked = call(own.gateway.url, '/');
  await eventually(() => counts(own)[1] === 1);
  answerLate?.();
  expect((await asked).body.toString()).toBe('late');
  expect(await own.gateway.accessLine(({ reason }) => reason === 'ok')).toMatchObject({ hedge: 'lost' });

  const post = call(own.gateway.url, '/', { method: 'POST', body: 'x' });
  await eventually(() => counts(own)[0] === 2 || counts(own)[1] === 2);
  answerLate?.();
  const answer = await post;
  expect(counts(own).reduce((a, b) => a + b, 0)).toBe(3);
  if (answer.status !== 200) expect(problemCode(answer)).toBe('upstream_reset');
});

describe('of two that run, one that answers with a failure', () => {
  const hedge = { after: '50ms', budget: '100%' };
  /** A target that answers when it is told to. */
  function told(): {
    listener: RequestListener;
    answer(status: number, body: string, headers?: object): void;
  } {
    let waiting: ServerResponse | undefined;
    return {
      listener: (_request, response) => {
        waiting = response;
      },
      answer: (status, body, headers = {}) => void waiting?.writeHead(status, { ...headers }).end(body),
    };
  }

  it('is held back, and the other is the answer', async () => {
    const slow = told();
    const own = await house({ hedge }, slow.listener, fails(503));
    const asked = call(own.gateway.url, '/');
    await own.answered(1, 503);
    slow.answer(200, 'late');
    const answer = await asked;
    expect([answer.status, answer.body.toString(), counts(own)]).toEqual([200, 'late', [1, 1]]);
    const [first, second] = own.targets.map(({ url }) => url);
    expect(await own.gateway.accessLine(({ reason }) => reason === 'ok')).toMatchObject({
      hedge: 'lost',
      target: first,
      failed_attempts: [`${second} 503`],
    });
  });

  it.each([
    ['with a failure too, is not the better one', 500, 'ill'],
    ['with a client’s mistake, is the worse one', 404, 'other'],
  ])('is the answer if the other, %s', async (_, status, body) => {
    const slow = told();
    const own = await house({ hedge }, slow.listener, fails(503, { 'x-which': 'hedge' }));
    const asked = call(own.gateway.url, '/');
    await own.answered(1, 503);
    slow.answer(status, 'other', { 'x-which': 'first' });
    const answer = await asked;
    expect([answer.status, answer.body.toString(), answer.headers['x-which']]).toEqual(
      body === 'ill' ? [503, body, 'hedge'] : [404, body, 'first'],
    );
  });

  it('is the answer whole, if the other fails without one, and a client that leaves ends both', async () => {
    const large = 'x'.repeat(1_000_000);
    const own = await house(
      { hedge },
      (request) => setTimeout(() => request.socket.destroy(), 500),
      (_, response) => void response.writeHead(503).end(large),
    );
    const answer = await call(own.gateway.url, '/');
    expect([answer.status, answer.body.toString() === large]).toEqual([503, true]);
    expect(await own.gateway.accessLine(({ status }) => status === 503)).toMatchObject({ hedge: 'won' });

    const slow = told();
    const other = await house({ hedge }, slow.listener, fails(503));
    const controller = new AbortController();
    const asked = fetch(other.gateway.url, { signal: controller.signal });
    await other.answered(1, 503);
    controller.abort();
    await expect(asked).rejects.toThrow();
    await other.gateway.accessLine(({ reason }) => reason === 'client_cancelled');
    await eventually(async () => (await other.gateway.metric('gateway_requests_in_flight')) === 0);
  });

  it('is tried again where that is allowed, once neither runs', async () => {
    const slow = told();
    const retry = { attempts: 3, on: [503], budget: '100%' };
    let hedges = 0;
    const own = await house({ hedge, retry }, slow.listener, (request, response) =>
      (hedges++ === 0 ? fails(503) : well)(request, response),
    );
    const asked = call(own.gateway.url, '/');
    await own.answered(1, 503);
    slow.answer(503, 'ill');
    expect((await asked).body.toString()).toBe('well');
  });
});

it('a target that is the only one left is asked after a pause, and is not hedged with itself', async () => {
  const retry = { attempts: 4, on: [503], budget: '100%' };
  const own = await house({ retry }, fails(503), well);
  await disable(own, 1);
  const began = performance.now();
  expect((await call(own.gateway.url, '/')).status).toBe(503);
  // At least half of 25, 50 and 100 ms.
  expect(performance.now() - began).toBeGreaterThan(80);
  expect(counts(own)).toEqual([4, 0]);

  let hedged = false;
  const alone = await house(
    { hedge: { after: '50ms', budget: '100%' } },
    (_request, response) => {
      hedged = (counts(alone)[0] ?? 0) > 1;
      setTimeout(() => response.end('slow'), 200);
    },
    well,
  );
  await disable(alone, 1);
  expect((await call(alone.gateway.url, '/')).body.toString()).toBe('slow');
  expect([hedged, counts(alone)]).toEqual([false, [1, 0]]);
});

it('a hedge that the breaker does not let through leaves no trace on the request’s line', async () => {
  let answer: (() => void) | undefined;
  const own = await house(
    { hedge: { after: '2s', budget: '100%' } },
    (_request, response) => {
      answer = () => response.end('first');
    },
    well,
  );
  const asked = call(own.gateway.url, '/');
  await eventually(() => answer);
  await admin(own.gateway, '/api/upstreams/up/breaker', { body: { state: 'open' } });
  // A timer that begins later and lasts longer ends later.
  await new Promise((resolve) => setTimeout(resolve, 2_010));
  answer?.();
  expect((await asked).body.toString()).toBe('first');
  const line = await own.gateway.accessLine(({ reason }) => reason === 'ok');
  expect([line.breaker, line.hedge, counts(own)]).toEqual([undefined, undefined, [1, 0]]);
});

async function disable({ gateway, targets }: House, which: number): Promise<void> {
  const path = `/api/upstreams/up/targets/${encodeURIComponent(targets[which]?.url ?? '')}/disable`;
  expect((await admin(gateway, path, { method: 'POST' })).status).toBe(200);
}

/** A server of HTTP/2 without TLS, gone when the test is over. */
async function http2Backend(
  onStream: (stream: ServerHttp2Stream, streams: number) => void,
): Promise<{ url: string; server: Http2Server; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createHttp2Server();
  let streams = 0;
  server.on('session', (session) => onTestFinished(() => session.destroy()));
  server.on('stream', (stream) => {
    streams++;
    let body = '';
    stream
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        body += chunk;
      })
      .on('end', () => bodies.push(body))
      .on('error', () => undefined);
    onStream(stream, streams);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, bodies };
}

const REFUSED = 7;
const CANCELLED = 8;
const served = (stream: ServerHttp2Stream): void => {
  stream.on('end', () => {
    stream.respond({ ':status': 200 });
    stream.end('well');
  });
};

describe('a POST to an upstream of HTTP/2', () => {
  const gatewayOf = (...urls: string[]): Promise<TestGateway> =>
    testGateway({
      upstreams: {
        up: {
          targets: urls.map((url) => ({ url })),
          protocol: 'http2',
          retry: { attempts: 2, budget: '100%' },
        },
      },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
    });
  const order = { method: 'POST', body: 'order' };
  const chunked = { ...order, headers: { 'transfer-encoding': 'chunked' } };

  it('that a target refuses goes to another one', async () => {
    const refusing = await http2Backend((stream) => stream.close(REFUSED));
    const well = await http2Backend(served);
    const gateway = await gatewayOf(refusing.url, well.url);
    for (let i = 0; i < 4; i++) expect((await call(gateway.url, '/', order)).status).toBe(200);
    expect(well.bodies).toEqual(Array(4).fill('order'));
    const line = await gateway.accessLine(({ retries }) => retries === 1);
    expect(line).toMatchObject({ failed_attempts: [`${refusing.url} upstream_reset`], target: well.url });
  });

  it('that a target broke off is not sent again', async () => {
    const breaking = await http2Backend((stream) => stream.close(CANCELLED));
    const gateway = await gatewayOf(breaking.url, breaking.url.replace('127.0.0.1', 'localhost'));
    expect((await call(gateway.url, '/', order)).status).toBe(502);
    expect(await gateway.metric('gateway_retries_total')).toBe(0);
  });

  it.each([
    ['in one piece', order],
    ['as a stream', chunked],
  ])('sent %s on a connection that goes away goes on another one, with its whole body', async (_how, asked) => {
    // Says that it has taken nothing behind the first stream, while the second is on its way.
    const leaving = await http2Backend((stream, streams) => {
      if (streams !== 2) served(stream);
      else stream.session?.goaway(0, 1);
    });
    const gateway = await gatewayOf(leaving.url);
    for (let i = 0; i < 3; i++) {
      const answer = await call(gateway.url, '/', asked);
      expect([answer.status, answer.body.toString()]).toEqual([200, 'well']);
    }
    expect(leaving.bodies.filter((body) => body === 'order').length).toBeGreaterThanOrEqual(3);
    expect(await gateway.metric('gateway_requests_total', { reason: 'ok' })).toBe(3);
  });

  it('as a stream that is refused is sent once more', async () => {
    const busy = await http2Backend((stream, streams) => {
      if (streams === 1) stream.on('end', () => stream.close(REFUSED));
      else served(stream);
    });
    const gateway = await gatewayOf(busy.url);
    expect((await call(gateway.url, '/', chunked)).status).toBe(200);
    expect(busy.bodies).toEqual(['order', 'order']);
  });
});

describe('a WebSocket', () => {
  async function sockets(config: object, ...listeners: RequestListener[]) {
    const own = await house(config, ...listeners);
    const server = new WebSocketServer({ server: own.targets.at(-1)?.server as never });
    server.on('connection', (ws) => ws.send('hello'));
    return own;
  }
  const said = (gateway: TestGateway): Promise<string> =>
    new Promise((resolve) => {
      const ws = new WebSocket(gateway.url.replace('http', 'ws'));
      ws.once('message', (data) => {
        ws.terminate();
        resolve(String(data));
      }).once('error', (error) => resolve(error.message));
    });

  it.each([
    ['is dead', well, 'upstream_connect'],
    ['hangs up', hangsUp, 'upstream_reset'],
    ['refuses', fails(503), '503'],
  ])('goes to another target where one of two %s', async (what, bad, reason) => {
    const retry = { attempts: 2, on: ['connect', 'reset', 503], budget: '100%' };
    const own = await sockets({ retry }, bad, well);
    if (what === 'is dead') await own.targets[0]?.close();
    for (let i = 0; i < 4; i++) expect(await said(own.gateway)).toBe('hello');
    const { url } = own.targets[0] as Backend;
    const line = await own.gateway.accessLine(({ retries }) => retries === 1);
    expect(line).toMatchObject({ status: 101, attempts: 2, failed_attempts: [`${url} ${reason}`] });
    expect(await own.gateway.metric('gateway_retries_total', { upstream: 'up', reason })).toBeGreaterThan(0);
  });

  it('without another chance gets the refusal', async () => {
    const own = await house({ retry: { attempts: 2, on: [503], budget: '100%' } }, fails(503), fails(503));
    expect(await said(own.gateway)).toContain('503');
    expect(counts(own)).toEqual([1, 1]);
  });

  it('goes to the fallback of its route where all are dead', async () => {
    const [dead, other] = await Promise.all([backend(well), backend(well)]);
    new WebSocketServer({ server: other.server }).on('connection', (ws) => ws.send('from the other'));
    await dead.close();
    const gateway = await testGateway({
      upstreams: { up: { targets: [{ url: dead.url }] }, other: { targets: [{ url: other.url }] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', fallback: { upstream: 'other' } }],
    });
    expect(await said(gateway)).toBe('from the other');
    expect(await gateway.accessLine(() => true)).toMatchObject({
      fallback: 'other',
      failed_attempts: [`${dead.url} upstream_connect`],
    });
  });
});
