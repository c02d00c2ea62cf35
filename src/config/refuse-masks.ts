import { Lexer, LineCounter } from 'yaml';
import { MASK } from './mask.ts';
import { ConfigError, type ConfigProblem } from './problems.ts';

/** The mask as a value, bare or quoted, as the user and password of a URL, and as the default of a variable. */
const MASKED = /^["']?\*\*\*["']?$|:\/\/\*\*\*@|:-\*\*\*\}/;

/** The tokens of the lexer that stand for no text: what a document, a flow of scalars and their like begin with. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f']);

/**
 * Refuses a text in which secrets are masked: one that was read from the admin API and sent back. YAML takes a bare mask
 * for an alias and says so in words that help nobody, and in a URL it would be taken for a password. In comments masks
 * do no harm.
 *
 * @throws ConfigError with the place of each
 */
export function refuseMasks(text: string, file: string): void {
  if (!text.includes(MASK)) return;
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  const problems: ConfigProblem[] = [];
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    if (MARKS.has(token)) continue;
    if (!token.startsWith('#') && MASKED.test(token)) {
      const { line, col } = lines.linePos(offset);
      problems.push({ file, line, column: col, key: '', message: MESSAGE });
    }
    offset += token.length;
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

const MESSAGE = `holds ${MASK}, which stands in the place of a secret that was not shown: write the secret there, or send a JSON patch of what changes, which leaves secrets as they are`;
