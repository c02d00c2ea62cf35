/** A line of a difference, as the admin API gives it. */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  readonly line: number;
}

/** A difference, readable without its colours. */
export function Diff({ lines }: { lines: readonly DiffLine[] }) {
  if (lines.length === 0) return <p class="empty">Nothing differs.</p>;
  return (
    <pre class="diff">
      {lines.map(({ kind, text, line }) => {
        const key = `${kind}${line}`;
        if (kind === 'added') return <ins key={key}>{`+ ${text}`}</ins>;
        if (kind === 'removed') return <del key={key}>{`- ${text}`}</del>;
        return <span key={key}>{`  ${text}\n`}</span>;
      })}
    </pre>
  );
}
