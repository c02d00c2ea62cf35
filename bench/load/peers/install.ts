import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { runCommand } from '../../harness/run-command.ts';
import {
  LITELLM,
  LITELLM_SERVER,
  litellmVersion,
  PORTKEY,
  PORTKEY_SERVER,
  portkeyVersion,
} from './places.ts';

const WITHIN_MS = 600_000;

const PORTKEY_PACKAGE = { private: true, overrides: { '@hono/node-server': PORTKEY.honoServer } };

interface Step {
  peer: string;
  server: string;
  /** Which is there. */
  version(): string;
  commands: readonly (readonly string[])[];
}

const STEPS: readonly Step[] = [
  {
    peer: `@portkey-ai/gateway ${PORTKEY.version}`,
    server: PORTKEY_SERVER,
    version: portkeyVersion,
    commands: [
      [
        'npm',
        'install',
        '--prefix',
        PORTKEY.home,
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        '--save-exact',
        `@portkey-ai/gateway@${PORTKEY.version}`,
      ],
    ],
  },
  {
    peer: `litellm[proxy] ${LITELLM.version}`,
    server: LITELLM_SERVER,
    version: litellmVersion,
    commands: [
      ['python3', '-m', 'venv', LITELLM.home],
      [`${LITELLM.home}/bin/pip`, 'install', '--quiet', `litellm[proxy]==${LITELLM.version}`],
    ],
  },
];

/** Installs the peers that can be installed. @returns the exit code: 0 even if some can't, since suites run without them */
export async function installPeers(say: (line: string) => void): Promise<number> {
  for (const { peer, server, version, commands } of STEPS) {
    if (existsSync(server)) {
      say(`${peer}: is there, ${version()}`);
      continue;
    }
    say(`${peer}: installing`);
    try {
      mkdirSync(PORTKEY.home, { recursive: true });
      writeFileSync(`${PORTKEY.home}/package.json`, `${JSON.stringify(PORTKEY_PACKAGE)}\n`);
      for (const command of commands) await runCommand(command, WITHIN_MS);
      say(`${peer}: installed`);
    } catch (error) {
      say(`${peer}: can't be installed here, and will be reported as missing: ${String(error)}`);
    }
  }
  say('bifrost: build or download its HTTP transport and name the file in BIFROST_BIN; no registry has it');
  return 0;
}
