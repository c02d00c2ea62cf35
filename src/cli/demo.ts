import { startSandbox } from '../demo/sandbox.ts';
import { startTraffic } from '../demo/traffic.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { refusedStart } from './refused-start.ts';
import { stopAsked, untilStopped } from './until-stopped.ts';

/** Where `config/gateway.yaml` looks for its upstreams and models. */
const PORTS = { products: [9001, 9002], payment: 9003, recommendations: 9004, models: [9101, 9102] };
/** The keys whose digests are the defaults in `config/gateway.yaml`. They open nothing but the sandbox. */
const SHOP_KEY = 'storefront-demo-key';
const BOT_KEY = 'support-bot-demo-key';

/** @param requestsPerSecond of traffic that the demo sends by itself; 0 for none */
export async function demoCommand(file: string, requestsPerSecond: number): Promise<number> {
  const asked = stopAsked();
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  try {
    sandbox = await startSandbox(PORTS);
  } catch (error) {
    return refusedStart(error);
  }
  let gateway: Gateway;
  try {
    gateway = await startGateway({ file, env: process.env });
  } catch (error) {
    await sandbox.close();
    return refusedStart(error);
  }
  process.stdout.write(welcome(gateway, file, sandbox.services));
  const stop = new AbortController();
  if (requestsPerSecond > 0) {
    startTraffic({
      gatewayUrl: gateway.url,
      apiKey: SHOP_KEY,
      botKey: BOT_KEY,
      requestsPerSecond,
      signal: stop.signal,
    });
  }
  const exitCode = await untilStopped(gateway, asked);
  stop.abort();
  await sandbox.close();
  return exitCode;
}

function welcome(gateway: Gateway, file: string, services: readonly { name: string; url: string }[]): string {
  const { url, adminUrl } = gateway;
  const faulty = services.find(({ name }) => name === 'products-1')?.url ?? '';
  return `
Hypercare Gateway  ${url}      (config: ${file}; save it and it is applied)
Metrics            ${adminUrl}/metrics
Sandbox            ${services.map((service) => `${service.name} ${service.url}`).join('\n                   ')}

Try:
  curl -i ${url}/api/v1/products/1
  curl -i ${url}/api/v1/checkout -H 'x-api-key: ${SHOP_KEY}' -H 'content-type: application/json' -d '{"cart":"42"}'
  curl -N ${url}/v1/chat/completions -H 'authorization: Bearer ${BOT_KEY}' -H 'content-type: application/json' -d '{"model":"support","stream":true,"messages":[{"role":"user","content":"Where is my refund?"}]}'

Then make one backend fail, ask again, and look at the log below and at the metrics:
  curl -X PUT ${faulty}/__sandbox/faults -d '{"status":503}'
  curl -X DELETE ${faulty}/__sandbox/faults

Ctrl-C stops everything. Each request is a line below.

`;
}
