import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../config/load.ts';
import { type Imported, importOpenApi } from '../config/openapi/import.ts';
import { readOpenApi } from '../config/openapi/read-document.ts';
import { ConfigError } from '../config/problems.ts';
import { readText } from '../config/source.ts';
import { policySchemas } from '../gateway.ts';

const MAX_BYTES = 20 * 1024 ** 2;

/** Turns an OpenAPI document into a configuration, which is checked as `validate` would before it is given out. */
export async function importOpenApiCommand(
  file: string,
  { out, upstream }: { out?: string; upstream: string },
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
  // They stand in the file too, but who has it written does not see them there.
  for (const note of imported.notes) process.stderr.write(`${file}: ${inOneLine(note)}\n`);
  if (out === undefined) process.stdout.write(text);
  else writeFileSync(out, text);
  return 0;
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
