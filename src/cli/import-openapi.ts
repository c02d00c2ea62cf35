import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../config/load.ts';
import { type Imported, importOpenApi } from '../config/openapi/import.ts';
import { readOpenApi } from '../config/openapi/read-document.ts';
import { ConfigError } from '../config/problems.ts';
import { readText } from '../config/source.ts';
import { writeWhole } from '../config/write-file.ts';
import { policySchemas } from '../gateway.ts';

const MAX_BYTES = 20 * 1024 ** 2;

/** Turns an OpenAPI document into a configuration, which is checked as `validate` would before it is given out. */
export async function importOpenApiCommand(
  file: string,
  { out, upstream, force = false }: { out?: string; upstream: string; force?: boolean },
): Promise<number> {
  let imported: Imported;
  try {
    imported = importOpenApi(await readOpenApi(readText(file, MAX_BYTES)), upstream, new Date());
  } catch (error) {
    process.stderr.write(`${file}: ${(error as Error).message}\n`);
    return 2;
  }
  const text = await validated(imported, file);
  if (text === undefined) return 1;
  if (out === undefined) process.stdout.write(text);
  else {
    const failed = await write(text, out, force);
    if (failed !== undefined) return failed;
  }
  // They stand in the file too, but who has it written does not see them there.
  for (const note of imported.notes) process.stderr.write(`${file}: ${inOneLine(note)}\n`);
  return 0;
}

/** @returns the exit code where nothing was written: 2 for a file that is there and is not to be replaced */
async function write(text: string, out: string, force: boolean): Promise<number | undefined> {
  try {
    const isThere = statSync(out, { throwIfNoEntry: false })?.isFile() === true;
    if (isThere && !force) {
      process.stderr.write(`${out}: is there already, and would be replaced with --force\n`);
      return 2;
    }
    await (isThere ? writeWhole(out, text) : writeFile(out, text));
    return undefined;
  } catch (error) {
    process.stderr.write(`${out}: ${(error as Error).message}\n`);
    return 1;
  }
}

/** The text; without the schemas that no validator takes, which the notes then say. Undefined if it is not valid still. */
async function validated(imported: Imported, file: string): Promise<string | undefined> {
  const policies = await policySchemas();
  const check = (): ConfigError | undefined => {
    try {
      loadConfig({ file, text: textOf(imported, file), env: {}, policies });
      return undefined;
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
  };
  const first = check();
  if (first === undefined) return textOf(imported, file);
  for (const { key, message } of first.problems) dropSchema(imported, key, message);
  const second = check();
  if (second === undefined) return textOf(imported, file);
  process.stderr.write(`${second.message}\n`);
  return undefined;
}

const AT_SCHEMA = /^routes\[(\d+)\]\.policies\[\d+\]\.body-schema$/;

function dropSchema({ config, notes }: Imported, key: string, message: string): void {
  const route = config.routes[Number(AT_SCHEMA.exec(key)?.[1])];
  if (route === undefined) return;
  route.policies = route.policies.filter((policy) => !('body-schema' in policy));
  notes.push(`The schemas of ${route.name} are left out: ${message}.`);
}

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ');

/** `${` is a variable in a configuration, and two characters in a document. */
function textOf({ config, notes }: Imported, file: string): string {
  const said = [`Made from ${basename(file)} by "hypercare import openapi".`, ...notes];
  const comments = said.map((line) => `# ${inOneLine(line)}\n`);
  const yaml = stringify(config, { aliasDuplicateObjects: false, lineWidth: 120 });
  return comments.join('') + yaml.replaceAll('${', () => '$${');
}
