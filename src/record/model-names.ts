/** A snapshot of a model: `gpt-4o-mini-2024-07-18`, `claude-haiku-4-5@20251001`, `gpt-4-0613`. */
const SNAPSHOT = /[-@](?:\d{4}-\d\d-\d\d|\d{8}|\d{4})$/;

/** As vendors write it for people too, `Claude Haiku 4.5`, and as the newest of its snapshots, `mistral-large-latest`. */
const plainName = (model: string): string =>
  model
    .toLowerCase()
    .replaceAll(/[ .]+/g, '-')
    .replace(/-latest$/, '');

/**
 * How the models of the books and of an invoice go together. A model that is asked for by its name is billed as the snapshot that
 * answered: where only one of them has that name, all its snapshots are it; where both have, each snapshot that both have is apart.
 *
 * @returns the same key for what is the same model
 */
export function modelKeys(ours: Iterable<string>, theirs: Iterable<string>): (model: string) => string {
  const [here, there] = [ours, theirs].map((names) => new Set([...names].map(plainName))) as [
    Set<string>,
    Set<string>,
  ];
  return (model) => {
    const plain = plainName(model);
    const whole = plain.replace(SNAPSHOT, '');
    // Where one of them knows it by no other name, its snapshots in the other are all of it.
    if (here.has(whole) !== there.has(whole)) return whole;
    if (here.has(plain) && there.has(plain)) return plain;
    return here.has(whole) || there.has(whole) ? whole : plain;
  };
}
