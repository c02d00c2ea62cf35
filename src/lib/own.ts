/** What a table holds under a word that somebody else has chosen. By itself an object has `constructor`, too. */
export const own = <Value>(table: Readonly<Record<string, Value>>, word: string): Value | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined;
