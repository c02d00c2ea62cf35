import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';

interface Sent {
  path: string;
  key: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: OTLP's own JSON, read by the test that asked for it
  body: any;
}

/** A collector that takes OTLP over HTTP as JSON and keeps what it is sent. */
async function collector(): Promise<{ url: string; sent: Sent[] }> {
  const sent: Sent[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const key = request.headers['x-collector-key'];
    sent.push({
      path: request.url ?? '',
      key: key as string,
      body: JSON.parse(Buffer.concat(parts).toString()),
    });
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, sent };
}

const attributeOf = (attributes: { key: string; value: Record<string, unknown> }[], key: string): unknown =>
  Object.values(attributes.find((each) => each.key === key)?.value ?? {})[0];

const shop = async (otlp: object) => {
  const { url } = await backend((_request, response) => response.writeHead(201).end('made'));
  return {
    telemetry: { otlp },
    upstreams: { shop: { targets: [{ url }] } },
    routes: [{ name: 'shop', match: { path: '/*' }, upstream: 'shop' }],
  };
};

it('a request is a span below its caller’s, and the metrics page is sent, with the key and without a secret', async () => {
  const { url, sent } = await collector();
  const gateway = await testGateway(
    await shop({ endpoint: url, credentials: { 'x-collector-key': 'a-collector-key' }, interval: '200ms' }),
  );
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  await fetch(`${gateway.url}/things?token=hidden`, {
    headers: { traceparent, authorization: 'Bearer hidden' },
  });
  const metric = await eventually(() => {
    const all = sent.filter(({ path }) => path === '/v1/metrics').at(-1);
    const metrics = all?.body.resourceMetrics[0].scopeMetrics.flatMap(
      (scope: { metrics: unknown[] }) => scope.metrics,
    );
    return metrics?.find(
      ({ name, sum }: { name: string; sum?: { dataPoints: unknown[] } }) =>
        name === 'gateway_requests_total' && (sum?.dataPoints.length ?? 0) > 0,
    );
  });
  const histogram = await eventually(() => {
    const { body } = sent.filter(({ path }) => path === '/v1/metrics').at(-1) as Sent;
    const metrics = body.resourceMetrics[0].scopeMetrics.flatMap(
      (scope: { metrics: unknown[] }) => scope.metrics,
    );
    return metrics.find(({ name }: { name: string }) => name === 'http_server_request_duration_seconds')
      ?.histogram.dataPoints[0];
  });
  await gateway.close();

  const { body, key } = sent.find(({ path }) => path === '/v1/traces') as Sent;
  expect(key).toBe('a-collector-key');
  const [span] = body.resourceSpans[0].scopeSpans[0].spans;
  expect(span).toMatchObject({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentSpanId: 'b7ad6b7169203331',
    name: 'GET shop',
  });
  expect(attributeOf(span.attributes, 'http.response.status_code')).toBe(201);
  expect(attributeOf(span.attributes, 'http.route')).toBe('/*');
  expect(attributeOf(span.attributes, 'gateway.route')).toBe('shop');
  expect(attributeOf(body.resourceSpans[0].resource.attributes, 'service.name')).toBe('hypercare-gateway');
  expect(metric.sum).toMatchObject({ isMonotonic: true, dataPoints: [{ asDouble: 1 }] });
  expect(histogram.bucketCounts.map(Number).reduce((all: number, each: number) => all + each, 0)).toBe(1);
  expect(JSON.stringify(sent.map((each) => each.body))).not.toContain('hidden');
});

it('what the caller does not trace is not sent, and the key is masked in the admin API', async () => {
  const { url, sent } = await collector();
  const gateway = await testGateway(
    await shop({
      endpoint: url,
      credentials: { 'x-collector-key': 'a-collector-key' },
      sample: '0%',
      metrics: false,
    }),
  );
  await fetch(`${gateway.url}/a`, {
    headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' },
  });
  await fetch(`${gateway.url}/b`);
  await fetch(`${gateway.url}/c`, {
    headers: { traceparent: '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  });

  const { body } = await admin(gateway, '/api/config');
  await gateway.close();

  expect(JSON.stringify(body)).not.toContain('a-collector-key');
  const spans = sent.flatMap((each) => each.body.resourceSpans[0].scopeSpans[0].spans);
  expect(spans.map(({ traceId }: { traceId: string }) => traceId)).toEqual([
    '1af7651916cd43dd8448eb211c80319c',
  ]);
});

it('a trace that begins here and is not sent is none for the upstream either', async () => {
  const { url, sent } = await collector();
  const seen: string[] = [];
  const upstream = await backend((request, response) => {
    seen.push(String(request.headers.traceparent).slice(-3));
    response.end();
  });
  const gateway = await testGateway({
    telemetry: { otlp: { endpoint: url, sample: '0%', metrics: false } },
    upstreams: { shop: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'shop', match: { path: '/*' }, upstream: 'shop' }],
  });
  await fetch(`${gateway.url}/a`);
  await fetch(`${gateway.url}/b`, {
    headers: { traceparent: '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  });
  await gateway.close();
  expect(seen).toEqual(['-00', '-01']);
  expect(sent.flatMap((each) => each.body.resourceSpans[0].scopeSpans[0].spans)).toHaveLength(1);
});

it('a failed attempt stands in the span when it failed, and all that a process sends is of one instance', async () => {
  const { url, sent } = await collector();
  const slow = await backend((_request, response) => void setTimeout(() => response.end(), 50));
  const gateway = await testGateway({
    telemetry: { otlp: { endpoint: url } },
    upstreams: { shop: { targets: [{ url: 'http://127.0.0.1:1' }, { url: slow.url }] } },
    routes: [{ name: 'shop', match: { path: '/*' }, upstream: 'shop' }],
  });
  for (let i = 0; i < 2; i++) expect((await fetch(`${gateway.url}/a`)).status).toBe(200);
  await gateway.close();

  const spans = sent.flatMap(({ body }) => body.resourceSpans?.[0].scopeSpans[0].spans ?? []);
  const { events, endTimeUnixNano } = spans.find((span: { events?: unknown[] }) => span.events?.length === 1);
  expect(BigInt(events[0].timeUnixNano)).toBeLessThan(BigInt(endTimeUnixNano));

  const instances = sent.map(({ body }) =>
    attributeOf((body.resourceSpans ?? body.resourceMetrics)[0].resource.attributes, 'service.instance.id'),
  );
  expect(sent.map(({ path }) => path)).toEqual(expect.arrayContaining(['/v1/traces', '/v1/metrics']));
  expect(new Set(instances).size).toBe(1);
  expect(instances[0]).toMatch(/^[0-9a-f-]{36}$/);
});

it('a collector that is away costs no request anything, and the log says so', async () => {
  const gateway = await testGateway(await shop({ endpoint: 'http://127.0.0.1:1', interval: '50ms' }));
  expect((await fetch(`${gateway.url}/a`)).status).toBe(201);
  await eventually(() => gateway.lines.some(({ msg }) => msg === 'traces or metrics could not be exported'));
});

it('what workers counted until their end is in the last export', async () => {
  const { url, sent } = await collector();
  const config = await shop({ endpoint: url, traces: false });
  const gateway = await gatewayProcess({ ...config, server: { workers: 2 } });
  await gateway.gets('/a', 20);
  gateway.child.kill('SIGTERM');
  expect(await gateway.exit).toBe(0);

  const counted = sent.flatMap(({ body }) =>
    body.resourceMetrics[0].scopeMetrics
      .flatMap((scope: { metrics: unknown[] }) => scope.metrics)
      .filter(({ name }: { name: string }) => name === 'gateway_requests_total')
      .map(({ sum }: { sum: { dataPoints: { asDouble: number }[] } }) =>
        sum.dataPoints.reduce((all, { asDouble }) => all + asDouble, 0),
      ),
  );
  expect(counted.at(-1)).toBe(20);
}, 120_000);
