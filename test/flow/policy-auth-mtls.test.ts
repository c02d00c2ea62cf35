import { X509Certificate } from 'node:crypto';
import { type ClientHttp2Session, connect } from 'node:http2';
import { get } from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { authority, dns, type Issued, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';

const ca = await authority('Clients');
const strangers = await authority('Strangers');

async function guarded(
  certificates: object[],
  clientAuth = 'request',
  crl?: string,
): Promise<{
  gateway: TestGateway;
  seen: unknown[];
  write(certificates: object[]): Promise<void>;
  believe(pem: string): Promise<unknown>;
  revoke(pem: string): Promise<unknown>;
}> {
  const files = await pemFolder();
  const pair = await files.putPair('server', await ca.issue({ names: LOOPBACK }));
  const clientCa = await files.put('ca.crt', ca.cert);
  const clientCrl = crl && (await files.put('revoked.pem', crl));
  const seen: unknown[] = [];
  const { url } = await backend((request, response) => {
    seen.push(request.headers['x-consumer-name']);
    response.end('ok');
  });
  const config = (entries: object[]): object => ({
    server: {
      trustProxy: true,
      tls: { certificates: [pair], clientAuth, clientCa, ...(clientCrl ? { clientCrl } : {}) },
    },
    consumers: [{ name: 'batch', groups: ['jobs'], certificates: entries }],
    upstreams: { up: { targets: [{ url }] } },
    routes: [
      {
        name: 'jobs',
        match: { path: '/jobs' },
        upstream: 'up',
        policies: [{ 'auth-mtls': {} }, { authorize: { groups: ['jobs'] } }],
      },
      { name: 'open', match: { path: '/open' }, upstream: 'up' },
    ],
  });
  const gateway = await testGateway(config(certificates));
  const believe = (pem: string): Promise<unknown> => files.put('ca.crt', pem);
  const revoke = (pem: string): Promise<unknown> => files.put('revoked.pem', pem);
  return { gateway, seen, write: (entries) => gateway.write(config(entries)), believe, revoke };
}

const ask = (
  gateway: TestGateway,
  own: Partial<Issued> = {},
  path = '/jobs',
  headers: Record<string, string> = {},
): Promise<{ status: number; code: unknown }> =>
  new Promise((resolve, reject) => {
    get(`${gateway.url}${path}`, { ca: ca.cert, agent: false, headers, ...own }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, code: body === 'ok' ? '' : JSON.parse(body).code }),
      );
    }).on('error', reject);
  });

const fingerprint = ({ cert }: Issued): string =>
  new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();

it('a client is the consumer whose certificate it shows: by fingerprint, subject or alternative name', async () => {
  const spiffe = { type: 'url' as const, value: 'spiffe://example.org/batch' };
  const mail = { type: 'email' as const, value: 'batch@example.org' };
  const exact = await ca.issue({ cn: 'any' });
  const { gateway, seen } = await guarded([
    { sha256: fingerprint(exact) },
    { subject: 'batch-1' },
    { san: 'dns:batch.internal' },
    { san: 'uri:spiffe://example.org/batch' },
    { san: 'email:batch@example.org' },
  ]);
  const shown = [
    exact,
    await ca.issue({ cn: 'batch-1' }),
    await ca.issue({ cn: 'x', names: dns('other.internal', 'BATCH.internal') }),
    await ca.issue({ cn: 'x', names: [spiffe] }),
    await ca.issue({ cn: 'x', names: [mail] }),
  ];
  for (const own of shown) expect(await ask(gateway, own)).toEqual({ status: 200, code: '' });
  expect(seen).toEqual(Array(5).fill('batch'));
});

it('who shows none, a stranger’s, one that ran out or that of nobody is refused; headers make no difference', async () => {
  const { gateway, seen } = await guarded([{ subject: 'batch-1' }, { san: 'dns:batch.internal' }]);
  const missing = { status: 401, code: 'auth_certificate_missing' };
  const refused = { status: 401, code: 'auth_certificate_refused' };
  const forged = {
    'x-client-cert': encodeURIComponent((await ca.issue({ cn: 'batch-1' })).cert),
    'x-ssl-client-verify': 'SUCCESS',
    'x-forwarded-client-cert': 'Subject="CN=batch-1"',
    'x-consumer-name': 'batch',
  };
  expect(await ask(gateway)).toEqual(missing);
  expect(await ask(gateway, {}, '/jobs', forged)).toEqual(missing);
  expect(await ask(gateway, await strangers.issue({ cn: 'batch-1' }))).toEqual(refused);
  expect(await ask(gateway, await ca.issue({ cn: 'batch-1', days: -1 }))).toEqual(refused);
  expect(await ask(gateway, await ca.issue({ cn: 'batch-2', names: dns('batch-1') }))).toEqual(refused);
  expect(await ask(gateway, await ca.issue({ cn: 'dns:batch.internal' }))).toEqual(refused);
  expect(await ask(gateway, {}, '/open')).toEqual({ status: 200, code: '' });
  expect(seen).toEqual([undefined]);
  const lines = gateway.lines.filter(({ reason }) => reason === 'auth_certificate_refused');
  expect(new Set(lines.map(({ detail }) => String(detail).slice(0, 12))).size).toBe(2);
  expect(lines[1]?.detail).toBe('the certificate is not valid: CERT_HAS_EXPIRED');
});

it('where a certificate is required there is no connection without a valid one', async () => {
  const { gateway } = await guarded([{ subject: 'batch-1' }], 'require');
  await expect(ask(gateway, {}, '/open')).rejects.toThrow();
  await expect(ask(gateway, await strangers.issue({ cn: 'batch-1' }), '/open')).rejects.toThrow();
  expect(await ask(gateway, await ca.issue({ cn: 'whoever' }), '/open')).toEqual({ status: 200, code: '' });
  expect(await ask(gateway, await ca.issue({ cn: 'batch-1' }))).toEqual({ status: 200, code: '' });
});

it('over HTTP/2 it is the same, and a consumer that is taken out of the config is out at once', async () => {
  const { gateway, write } = await guarded([{ subject: 'batch-1' }]);
  const session: ClientHttp2Session = connect(gateway.url, {
    ca: ca.cert,
    ...(await ca.issue({ cn: 'batch-1' })),
  });
  onTestFinished(() => session.destroy());
  const status = (): Promise<unknown> =>
    new Promise((resolve, reject) =>
      session
        .request({ ':path': '/jobs' })
        .once('response', (head) => resolve(head[':status']))
        .once('error', reject)
        .resume(),
    );
  expect([await status(), await status()]).toEqual([200, 200]);
  await write([{ subject: 'batch-2' }]);
  expect(await gateway.reload()).toBe(true);
  expect(await status()).toBe(401);
});

it('a certificate that its authority has revoked lets nobody in', async () => {
  const [good, gone] = [await ca.issue({ cn: 'batch-1' }), await ca.issue({ cn: 'batch-1' })];
  const { gateway } = await guarded(
    [{ subject: 'batch-1' }],
    'request',
    `${await strangers.revoke()}\n${await ca.revoke(gone)}`,
  );
  expect(await ask(gateway, good)).toEqual({ status: 200, code: '' });
  expect(await ask(gateway, gone)).toEqual({ status: 401, code: 'auth_certificate_refused' });
  const line = await gateway.accessLine(({ reason }) => reason === 'auth_certificate_refused');
  expect(line.detail).toBe('the certificate is not valid: CERT_REVOKED');
  await expect(guarded([{ subject: 'batch-1' }], 'request', ca.cert)).rejects.toThrow(
    /clientCrl: holds no list of revoked certificates/,
  );
});

it('a connection whose certificate is revoked, or whose authority is believed no more, is cut, others go on', async () => {
  const { gateway, believe, revoke } = await guarded(
    [{ subject: 'batch-1' }],
    'request',
    `${await ca.revoke()}\n${await strangers.revoke()}`,
  );
  const open = async (issuer: typeof ca, own?: Issued): Promise<ClientHttp2Session> => {
    own ??= await issuer.issue({ cn: 'batch-1' });
    const session = connect(gateway.url, { ca: ca.cert, ...own });
    onTestFinished(() => session.destroy());
    session.on('error', () => undefined);
    return session;
  };
  const status = (session: ClientHttp2Session): Promise<unknown> =>
    new Promise((resolve) =>
      session
        .request({ ':path': '/jobs' })
        .once('response', (head) => resolve(head[':status']))
        .once('error', () => resolve('cut'))
        .resume(),
    );
  await believe(`${ca.cert}\n${strangers.cert}`);
  expect(await gateway.reload()).toBe(true);
  const [ours, theirs] = [await open(ca), await open(strangers)];
  expect([await status(ours), await status(theirs)]).toEqual([200, 200]);
  const cut = new Promise((resolve) => theirs.once('close', resolve));
  await believe(ca.cert);
  expect(await gateway.reload()).toBe(true);
  await cut;
  expect(await status(ours)).toBe(200);

  const gone = await ca.issue({ cn: 'batch-1' });
  const revoked = await open(ca, gone);
  expect(await status(revoked)).toBe(200);
  const isCut = new Promise((resolve) => revoked.once('close', resolve));
  await revoke(await ca.revoke(await ca.issue({}), gone));
  expect(await gateway.reload()).toBe(true);
  await isCut;
  expect(await status(ours)).toBe(200);
});

it('it is refused where no client is asked for a certificate, and where two consumers share one', async () => {
  const routes = [{ name: 'a', match: { path: '/a' }, upstream: 'up', policies: [{ 'auth-mtls': {} }] }];
  const upstreams = { up: { targets: [{ url: 'http://127.0.0.1:9' }] } };
  const consumers = [{ name: 'one', certificates: [{ subject: 'x' }] }];
  await expect(testGateway({ routes, upstreams, consumers })).rejects.toThrow(/clientAuth/);
  const files = await pemFolder();
  const pair = await files.putPair('server', await ca.issue({ names: LOOPBACK }));
  const clientCa = await files.put('ca.crt', ca.cert);
  const tls = { certificates: [pair], clientAuth: 'request', clientCa };
  const both = [...consumers, { name: 'two', certificates: [{ subject: 'x' }] }];
  await expect(testGateway({ server: { tls }, routes, upstreams, consumers: both })).rejects.toThrow(/whose/);
});
