import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problems.ts';
import { brokenScripts } from '../context/probes/configured.ts';
import { policySchemas } from '../gateway.ts';
import { refusedStart } from './refused-start.ts';

/**
 * Checks a file as `start` would, and says what is open to anyone, what is not active yet, and what is worth a look. Scripts of probes that can't be
 * read are wrong here; a gateway would serve without them.
 */
export async function validateCommand(file: string): Promise<number> {
  const policies = await policySchemas();
  try {
    const { config, inactive, openRoutes, warnings } = loadConfig({ file, env: process.env, policies });
    const broken = brokenScripts(config, file);
    if (broken.length > 0) {
      process.stderr.write(`${broken.join('\n')}\n`);
      return 2;
    }
    const say = (line: string): boolean => process.stdout.write(`${line}\n`);
    say(`${file}: valid. ${config.routes.length} routes, ${Object.keys(config.ai.models).length} models.`);
    if (openRoutes.length > 0)
      say(`Open to anyone (no policy identifies the caller): ${openRoutes.join(', ')}`);
    for (const { key, line, what, effect } of inactive)
      say(`${file}:${line}  ${key}: not active in this version (${what}). ${effect}`);
    for (const each of warnings) say(`${formatProblem(each)} (valid; worth a look)`);
    return 0;
  } catch (error) {
    return refusedStart(error);
  }
}
