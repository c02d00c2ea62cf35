import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/** What the command and the image run. */
export const BUILT_MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/** Why what is built can't be measured; null if it can. What was built before the sources were changed is something else. */
export function buildObstacle(main = BUILT_MAIN, sources = SOURCES): string | null {
  if (!existsSync(main)) return 'not built: npm run build';
  const builtAt = statSync(main).mtimeMs;
  const isOlder = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .some((file) => statSync(join(sources, file)).mtimeMs > builtAt);
  return isOlder ? 'built before its sources were changed: npm run build' : null;
}
