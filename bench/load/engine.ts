import { saturation } from '../harness/saturation.ts';
import type { Subject, Suite } from '../harness/suite.ts';
import { FULL, fullGateway, gateway } from './gateway.ts';
import { POST_1KB } from './messages.ts';
import { itemsUpstream } from './upstreams.ts';

/** The full gateway, and nobody looks at its traffic. */
const unwatchedGateway = (): Subject =>
  gateway({
    ...FULL,
    name: 'gateway, full, engine off',
    config: (ports) => ({ ...FULL.config(ports), hypercare: { enabled: false } }),
  });

/** What the hypercare engine costs the traffic that it looks at: its thread has the same core. */
export function engineSuite(): Suite {
  const [on, off] = [fullGateway(), unwatchedGateway()];
  return saturation({
    name: 'engine',
    what: 'the full gateway with its hypercare engine and without, on one core: requests/s and CPU a request',
    connections: 64,
    cases: [POST_1KB],
    subjects: [on, off],
    pairs: [{ subject: on.name, against: off.name }],
    upstream: itemsUpstream(),
  });
}
