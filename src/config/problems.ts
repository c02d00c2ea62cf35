/** One thing that is wrong in a configuration file, and where. */
export interface ConfigProblem {
  file: string;
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 code units. */
  column: number;
  /** Dotted path of the key, `routes[2].upstream`; '' for the file as a whole. */
  key: string;
  /** What is wrong and what to write instead. Never holds what a `${…}` stood for. */
  message: string;
  /** What was probably meant. */
  suggestion?: string;
}

/** More would not be read by anybody, and a broken generator can make a million of them. */
const MAX_PROBLEMS = 500;

/** A configuration that can't be used: every problem found, in the order of the file. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config_invalid';
  readonly problems: readonly ConfigProblem[];
  /** Absolute paths of the files that it names, so that a watcher sees when one of them is put right. */
  readonly files: readonly string[];

  constructor(problems: readonly ConfigProblem[], files: readonly string[] = []) {
    const sorted = inOrder(problems).slice(0, MAX_PROBLEMS);
    super(sorted.map(formatProblem).join('\n'));
    this.problems = sorted;
    this.files = files;
  }
}

/** `gateway.yaml:12:5  routes[2].upstream: there is no upstream "catalgo" (did you mean "catalog"?)` */
export function formatProblem(problem: ConfigProblem): string {
  const { file, line, column, key, message, suggestion } = problem;
  const meant = suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`;
  return `${file}:${line}:${column}  ${key === '' ? '' : `${key}: `}${message}${meant}`;
}

/** All problems, one a line. */
export const formatProblems = (error: ConfigError): string => error.problems.map(formatProblem).join('\n');

/** By place; of several about the same key at the same place only the first, which is the schema's. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const first = new Map<string, ConfigProblem>();
  for (const problem of problems) {
    const id = `${problem.line}:${problem.column}:${problem.key}`;
    if (!first.has(id)) first.set(id, problem);
  }
  return [...first.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
