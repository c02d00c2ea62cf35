import { admin } from './admin.ts';
import { eventually, type TestGateway } from './gateway.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
type Shown = any;

/** The first finding that fits, as the admin API shows it, once there is one. */
export const theFinding = (
  gateway: TestGateway,
  fits: (finding: Shown) => boolean = () => true,
): Promise<Shown> => eventually(async () => (await admin(gateway, '/api/findings')).body.findings.find(fits));
