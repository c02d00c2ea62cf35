import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Argument, Command, CommanderError, InvalidArgumentError } from 'commander';
import { STORIES } from '../demo/stories/index.ts';
import { parsePercent } from '../lib/percent.ts';
import type { ReconcileOptions } from '../record/reconcile.ts';
import { demoCommand } from './demo.ts';
import { demoStoryCommand } from './demo-story.ts';
import { explainCommand } from './explain.ts';
import { findingCommands } from './findings.ts';
import { importOpenApiCommand } from './import-openapi.ts';
import { keyCommands } from './key.ts';
import { probeCommand } from './probe.ts';
import { reconcileCommand } from './reconcile.ts';
import { startCommand } from './start.ts';
import { validateCommand } from './validate.ts';

/** Exit codes: 0 done, 1 failed, 2 a bad config or a bad call. */
export async function runCli(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const done = (code: number): void => {
    exitCode = code;
  };
  const program = new Command('hypercare')
    .description('Hypercare Gateway: carries API and AI requests, and says what to do next.')
    .version(versionOfPackage())
    .exitOverride();
  program
    .command('start')
    .description('serve, from a configuration file')
    .option('-c, --config <file>', 'configuration file', 'config/gateway.yaml')
    .action(async ({ config }: { config: string }) => done(await startCommand(config)));
  program
    .command('validate')
    .description('check a configuration file without serving it')
    .argument('<file>', 'configuration file')
    .action(async (file: string) => done(await validateCommand(file)));
  program
    .command('explain')
    .description('tell which route takes a request, and why the others do not')
    .argument('<file>', 'configuration file')
    .argument('<method>', 'GET, POST, …')
    .argument('<path>', 'path, with query if it has one')
    .option('-H, --header <header>', 'a header, as "name: value"; may stand several times', collect, [])
    .action(async (file: string, method: string, path: string, options: { header: string[] }) =>
      done(await explainCommand(file, method, path, options.header)),
    );
  program
    .command('reconcile')
    .description('compare the ledger with a provider’s invoice or usage export')
    .argument('<invoice>', 'CSV with the columns day, model, and tokens or usd')
    .option('-c, --config <file>', 'configuration file, for its store', 'config/gateway.yaml')
    .option('--threshold <share>', 'what may differ', share, 0.02)
    .option('--provider <name>', 'whose invoice it is, where several have models of the same name')
    .action(async (invoice: string, { config, ...options }: { config: string } & ReconcileOptions) =>
      done(await reconcileCommand(invoice, config, options)),
    );
  program
    .command('import')
    .description('make a configuration from what others wrote')
    .command('openapi')
    .description('routes with schemas that report, from an OpenAPI 3.0 or 3.1 document; nothing is fetched')
    .argument('<file>', 'document, YAML or JSON')
    .option('-o, --out <file>', 'where to write it; standard output if left out')
    .option('-f, --force', 'replace what is there')
    .option('-u, --upstream <name>', 'name of the upstream', 'api')
    .action(async (file: string, options: { out?: string; upstream: string; force?: boolean }) =>
      done(await importOpenApiCommand(file, options)),
    );
  program
    .command('demo')
    .description('serve config/gateway.yaml with a sandbox of backends and models behind it; or tell a story')
    .addArgument(
      new Argument('[story]', 'what goes wrong in the field, and what is found of it').choices(
        Object.keys(STORIES),
      ),
    )
    .option('-c, --config <file>', 'configuration file', 'config/gateway.yaml')
    .option('--traffic <rate>', 'send this many requests a second by itself', requestRate, 0)
    .action(async (story: string | undefined, { config, traffic }: { config: string; traffic: number }) =>
      done(await (story === undefined ? demoCommand(config, traffic) : demoStoryCommand(story))),
    );
  keyCommands(program, done);
  findingCommands(program, done);
  probeCommand(program, done);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  return exitCode;
}

/** The package.json is the same for the sources and for what is built of them. */
function versionOfPackage(): string {
  const file = findPackageJSON(import.meta.url);
  if (file === undefined) throw new Error('the package.json of the gateway is missing: install it anew');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

function share(value: string): number {
  const part = parsePercent(value);
  if (part === undefined) throw new InvalidArgumentError('It is a percentage like 2%.');
  return part;
}

function requestRate(value: string): number {
  const rate = Number(value);
  if (!Number.isFinite(rate) || rate < 0 || rate > 1000)
    throw new InvalidArgumentError('It is a number from 0 to 1000.');
  return rate;
}
