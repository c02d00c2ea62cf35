import type { ComponentChildren } from 'preact';
import { goThere } from '../lib/router.ts';

export interface Column<T> {
  readonly title: string;
  /** Figures stand to the right. */
  readonly isFigure?: boolean;
  cell(row: T): ComponentChildren;
}

/** Rows of one kind. */
export function DataTable<T>({
  caption,
  columns,
  rows,
  keyOf,
  isChosen = () => false,
}: {
  /** Read out, not shown. */
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf(row: T): string;
  /** Whether it is what the address names. */
  isChosen?(row: T): boolean;
}) {
  return (
    <div class="table-wrap">
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, isFigure }) => (
              <th key={title} scope="col" class={isFigure ? 'figure' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              {...(isChosen(row) && { class: 'chosen', tabIndex: -1, 'aria-current': 'true', ref: goThere })}
            >
              {columns.map(({ title, isFigure, cell }) => (
                <td key={title} class={isFigure ? 'figure' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
