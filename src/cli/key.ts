import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  KeyProblem,
  keyState,
  newKey,
  rotatedKey,
  withKey,
  withoutKey,
  writtenKeys,
} from '../config/consumer-keys.ts';
import { readText } from '../config/source.ts';
import { writeWhole } from '../config/write-file.ts';
import { parseDuration } from '../lib/duration.ts';

const MAX_FILE_BYTES = 5 * 1024 ** 2;

interface KeyOptions {
  id?: string;
  /** Milliseconds since the epoch. */
  expires?: number;
  print?: boolean;
}

/** The verbs of `hypercare key`. Keys stand in the file as digests; a running gateway takes the change up by itself. */
export function keyCommands(program: Command, done: (code: number) => void): void {
  const key = program
    .command('key')
    .description('create, rotate, revoke and list the API keys of a configuration file');
  const changing = (name: string, description: string): Command =>
    key.command(name).description(description).argument('<file>', 'configuration file');
  const print = ['--print', 'print the line for the file, and leave the file as it is'] as const;

  changing('create', 'give a consumer a key; it is shown this once')
    .argument('<consumer>', 'name of the consumer')
    .option('--id <id>', 'name of the key; the next of k1, k2, … if left out')
    .option('--expires <when>', 'when it ends: 90d, or 2026-12-31T00:00:00Z', moment)
    .option(...print)
    .action(async (file: string, consumer: string, options: KeyOptions) =>
      done(await create(file, consumer, options)),
    );
  changing('rotate', 'give a consumer a new key, and its older ones an end')
    .argument('<consumer>', 'name of the consumer')
    .option('--id <id>', 'name of the new key')
    .option('--old <id>', 'end this one only')
    .addOption(
      new Option('--overlap <when>', 'how long the older ones still let in')
        .argParser(moment)
        .default(moment(OVERLAP), OVERLAP),
    )
    .option('--expires <when>', 'when the new one ends', moment)
    .option(...print)
    .action(async (file: string, consumer: string, options: KeyOptions & { old?: string; overlap: number }) =>
      done(await rotate(file, consumer, options)),
    );
  changing('revoke', 'take a key out of the file')
    .argument('<consumer>', 'name of the consumer')
    .argument('<id>', 'name of the key')
    .action(async (file: string, consumer: string, id: string) => done(await revoke(file, consumer, id)));
  changing('list', 'list the keys with their state').action((file: string) => done(list(file)));
}

const OVERLAP = '7d';
/** `Date.parse` takes a duration that has lost its unit for a month or a year: `7` is a day in 2001. */
const TIME = /^\d{4}-\d\d-\d\d(?:T|$)/;

/** A duration from now, or a point in time. */
function moment(text: string): number {
  const duration = parseDuration(text);
  const at = duration === undefined ? Date.parse(text) : Date.now() + duration;
  if (Number.isNaN(at) || (duration === undefined && !TIME.test(text)))
    throw new InvalidArgumentError('It is a duration like 7d, or a time like 2026-12-31T00:00:00Z.');
  return at;
}

/** To the second, as people write it. */
const rfc3339 = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
const optional = (at: number | undefined): string | undefined => (at === undefined ? undefined : rfc3339(at));
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

function create(file: string, consumer: string, { id, expires, print }: KeyOptions): Promise<number> {
  return attempt(file, async (text) => {
    const { key, sha256 } = newKey();
    const { entry, ...changed } = withKey(text, {
      ...{ consumer, sha256, id, expires: optional(expires) },
      now: Date.now(),
    });
    if (!print) await writeWhole(file, changed.text);
    showKey(key, consumer, entry.id);
    say(lineOf(file, consumer, entry, print));
  });
}

function rotate(
  file: string,
  consumer: string,
  { id, expires, print, old, overlap }: KeyOptions & { old?: string; overlap: number },
): Promise<number> {
  return attempt(file, async (text) => {
    const { key, sha256 } = newKey();
    const until = rfc3339(overlap);
    const ends = { expires: optional(expires), oldId: old, until };
    const options = { consumer, sha256, id, ...ends, now: Date.now() };
    const { entry, ended, ...changed } = rotatedKey(text, options);
    if (!print) await writeWhole(file, changed.text);
    showKey(key, consumer, entry.id);
    say(lineOf(file, consumer, entry, print));
    for (const each of ended) say(`${each} ${print ? 'is to end' : 'ends'}: expires: ${until}`);
  });
}

function revoke(file: string, consumer: string, id: string): Promise<number> {
  return attempt(file, async (text) => {
    await writeWhole(file, withoutKey(text, consumer, id));
    say(
      `${file}: ${consumer} has no key ${id} any more. A gateway that serves this file refuses it from its next reload on.`,
    );
  });
}

function list(file: string): number {
  try {
    const now = Date.now();
    for (const key of writtenKeys(readText(file, MAX_FILE_BYTES)))
      say(`${key.consumer}  ${key.id}  ${keyState(key, now)}`);
    return 0;
  } catch (error) {
    return failed(file, error);
  }
}

function showKey(key: string, consumer: string, id: string): void {
  say(`key ${id} of ${consumer}, shown this once:`);
  say(key);
}

function lineOf(file: string, consumer: string, entry: object, isPrinted: boolean | undefined): string {
  const line = Object.entries(entry).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `${isPrinted ? `to be added to the keys of ${consumer} in ${file}` : `${file}, keys of ${consumer}`}: { ${line.join(', ')} }`;
}

async function attempt(file: string, change: (text: string) => Promise<void>): Promise<number> {
  try {
    await change(readText(file, MAX_FILE_BYTES));
    return 0;
  } catch (error) {
    return failed(file, error);
  }
}

/** 2 for a call that can't be meant, 1 for what the file system says. */
function failed(file: string, error: unknown): number {
  process.stderr.write(`${file}: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof KeyProblem ? 2 : 1;
}
