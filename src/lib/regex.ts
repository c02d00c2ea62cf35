import { RE2JS } from 're2js';

/**
 * A regular expression that a configuration brings. It runs on RE2: in time linear to the text, whatever the expression,
 * so that no client finds a path or a body that holds up the process. RE2 has no look-around and no back-references.
 *
 * @throws Error that says what is wrong with the expression
 */
export function compileRegex(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new Error(`is no regular expression (RE2): ${(error as Error).message}`);
  }
}

/** What is wrong with an expression; undefined if nothing. */
export function regexFault(source: string): string | undefined {
  try {
    compileRegex(source);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
