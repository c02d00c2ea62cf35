import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBJECT_CORE } from '../../harness/pinning.ts';
import { freePort, startProcess } from '../../harness/processes.ts';
import type { Subject } from '../../harness/suite.ts';
import { MODEL } from '../messages.ts';
import { absent, BIFROST_SERVER } from './places.ts';

const config = (upstreamPort: number): string =>
  JSON.stringify({
    providers: {
      openai: {
        keys: [{ name: 'bench', value: 'sk-upstream', models: [MODEL], weight: 1 }],
        network_config: { base_url: `http://127.0.0.1:${upstreamPort}` },
      },
    },
    config_store: { enabled: false },
    logs_store: { enabled: false },
  });

/** Not measured yet: no registry that this project reaches has it. Its configuration is from its documentation, untried. */
export const bifrost = (): Subject => ({
  name: 'Bifrost',
  what: 'bifrost-http, one core, stores off',
  missing: () => absent(BIFROST_SERVER, 'name the file of its HTTP transport in BIFROST_BIN'),
  rewrites: true,
  async start({ folder, upstreamPort }) {
    const port = await freePort();
    writeFileSync(join(folder, 'config.json'), config(upstreamPort));
    const command = [BIFROST_SERVER, '-app-dir', folder, '-host', '127.0.0.1', '-port', String(port)];
    return startProcess({
      name: 'Bifrost',
      core: SUBJECT_CORE,
      command,
      port,
      env: { GOMAXPROCS: '1' },
    });
  },
});
