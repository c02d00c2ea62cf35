import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBJECT_CORE } from '../../harness/pinning.ts';
import { freePort, startProcess } from '../../harness/processes.ts';
import type { Subject } from '../../harness/suite.ts';
import { KEY, MODEL } from '../messages.ts';
import { absent, LITELLM, LITELLM_SERVER, litellmVersion } from './places.ts';

/** JSON, which is YAML. What "Production Best Practices" of its documentation says, as far as it works without a database. */
const config = (upstreamPort: number): string =>
  JSON.stringify({
    model_list: [
      {
        model_name: MODEL,
        litellm_params: {
          model: `openai/${MODEL}`,
          api_key: 'sk-upstream',
          api_base: `http://127.0.0.1:${upstreamPort}/v1`,
        },
      },
    ],
    general_settings: { master_key: KEY, disable_error_logs: true },
    litellm_settings: { request_timeout: 600, set_verbose: false, json_logs: true },
  });

export const litellm = (): Subject => ({
  name: 'LiteLLM',
  what: `litellm ${litellmVersion()} (${LITELLM.version} is the newest of those tried that its registry could resolve), proxy with one worker, LITELLM_MODE=PRODUCTION, LITELLM_LOG=ERROR, master key, no database`,
  missing: () => absent(LITELLM_SERVER, 'npm run bench -- peers'),
  rewrites: true,
  servesWithinMs: 120_000,
  // Python compiles nothing while it runs: what it fetches and builds at first is there after some hundred.
  warmRequests: 500,
  async start({ folder, upstreamPort }) {
    const port = await freePort();
    const file = join(folder, 'litellm.yaml');
    writeFileSync(file, config(upstreamPort));
    const command = [LITELLM_SERVER, '--config', file, '--host', '127.0.0.1', '--port', String(port)];
    return startProcess({
      name: 'LiteLLM',
      core: SUBJECT_CORE,
      command: [...command, '--num_workers', '1'],
      port,
      // Without the last one it asks the internet for prices when it starts.
      env: { LITELLM_MODE: 'PRODUCTION', LITELLM_LOG: 'ERROR', LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
    });
  },
});
