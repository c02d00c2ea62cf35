import { SUBJECT_CORE } from '../../harness/pinning.ts';
import { freePort, startProcess } from '../../harness/processes.ts';
import type { Subject } from '../../harness/suite.ts';
import { absent, honoServerVersion, PORTKEY_SERVER, portkeyVersion } from './places.ts';

/**
 * Portkey's gateway as its installation page says: `node build/start-server.js` with NODE_ENV=production, without the
 * console. It has no keys, limits or log of its own; provider and upstream come with each request.
 */
export const portkey = (): Subject => ({
  name: 'Portkey',
  what: `@portkey-ai/gateway ${portkeyVersion()}, production, headless: no key, no limit, no log; with @hono/node-server ${honoServerVersion()} instead of the newest, with which its streams fail`,
  missing: () => absent(PORTKEY_SERVER, 'npm run bench -- peers'),
  rewrites: true,
  headers: ({ upstreamPort }) => ({
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
  }),
  async start() {
    const port = await freePort();
    const command = [process.execPath, PORTKEY_SERVER, '--headless', `--port=${port}`];
    return startProcess({ name: 'Portkey', core: SUBJECT_CORE, command, port });
  },
});
