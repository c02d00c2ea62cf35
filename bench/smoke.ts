// npm run bench:smoke: every suite for some seconds, so that the benches can't rot. It fails on errors, never on a time.
import type { Call } from './harness/suite.ts';
import { SUITES } from './suites.ts';

/** Each start of the gateway takes a second or two: of its variants the full one stands for all. Peers are no part of CI. */
const LEFT_OUT = /^(gateway, (no policy|access log|among .*)|Portkey|LiteLLM|Bifrost)$/;

const progress: string[] = [];
const call: Call = {
  effort: { rounds: 1, seconds: 1, warmUpSeconds: 0, isSmoke: true },
  say: (line) => progress.push(line),
  wants: (subject) => !LEFT_OUT.test(subject),
};

for (const [name, suite] of Object.entries(SUITES)) {
  const began = performance.now();
  progress.length = 0;
  try {
    const { missing } = await suite().run(call);
    const absent =
      missing.length > 0 ? `; not here: ${missing.map(({ subject }) => subject).join(', ')}` : '';
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    process.stdout.write(`bench ${name}: works, ${seconds} s${absent}\n`);
  } catch (error) {
    const said = progress.map((line) => `  ${line}\n`).join('');
    process.stderr.write(`bench ${name}: ${error instanceof Error ? error.stack : String(error)}\n${said}`);
    process.exitCode = 1;
    break;
  }
}
