/** Text that means nothing but itself, whatever it holds. */
export const plain = (text: string): string =>
  text.replaceAll(/[\\`*_{}[\]<>#|~!]/g, '\\$&').replaceAll(/[\r\n]+/g, ' ');

export const list = (items: readonly string[], none = 'None.'): string =>
  items.length === 0 ? none : items.map((item) => `- ${item}`).join('\n');

/** A table; cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => plain(String(cell))).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
