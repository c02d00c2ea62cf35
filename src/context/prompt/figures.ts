import type { SpokenTurn } from '../turn.ts';
import { TurnPrefix } from './turn-prefix.ts';

const TOKENS = new TurnPrefix<number, SpokenTurn>((turns, before = 0) =>
  turns.reduce((sum, { tokens }) => sum + tokens, before),
);

/** About how many tokens turns have: of a long conversation only the new ones are added up. */
export const tokensIn = (turns: readonly SpokenTurn[]): number => TOKENS.of(turns) ?? 0;

const VERSIONS = new TurnPrefix<readonly number[], SpokenTurn>((turns, before = []) =>
  // A call that stands before its results is of the last turn's version.
  [...new Set([...before, ...turns.map(({ version }) => version)])],
);

/** The versions of turns, each once. */
export const versionsOf = (turns: readonly SpokenTurn[]): readonly number[] => VERSIONS.of(turns) ?? [];
