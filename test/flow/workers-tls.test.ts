import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { authority, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { eventually } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';

/** On a connection of its own: the next worker's turn. @returns the body, and whose certificate was shown */
const ask = (url: string, ca: string): Promise<[body: string, serial: string]> =>
  new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (response) => {
      const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate();
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.on('end', () => resolve([body, serialNumber]));
    }).on('error', reject);
  });

it('workers speak TLS to clients and to targets, and take up what changes', async () => {
  const [ca, files] = [await authority(), await pemFolder()];
  const issue = () => ca.issue({ names: LOOPBACK });
  const pair = await files.putPair('own', await issue());
  const target = createServer(await issue(), (_request, response) => response.end('over TLS'));
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void target.close());
  const { port } = target.address() as AddressInfo;
  const gateway = await gatewayProcess({
    server: { workers: 2, tls: { certificates: [pair] } },
    upstreams: {
      up: {
        targets: [{ url: `https://127.0.0.1:${port}` }],
        tls: { ca: await files.put('ca.crt', ca.cert) },
      },
    },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }] as object,
  });
  const [body, serial] = await ask(gateway.url, ca.cert);
  expect(body).toBe('over TLS');

  await files.putPair('own', await issue());
  await eventually(async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(gateway.url, ca.cert)));
    return answers.every(([answer, shown]) => answer === 'over TLS' && shown !== serial);
  }, 60_000);
}, 120_000);
