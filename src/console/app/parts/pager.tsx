import { linkTo } from '../lib/router.ts';

/** Rows of a page: what one look takes in, and a browser paints at once. */
export const PAGE = 50;

/** To the next page of a list, and back to its beginning. Each page has an address of its own. */
export function Pager({
  parts,
  query,
  next,
}: {
  parts: readonly string[];
  /** Of this page's address. */
  query: Readonly<Record<string, string | undefined>>;
  /** What the admin API gave as `next`; undefined: nothing follows. */
  next: string | number | undefined;
}) {
  if (next === undefined && !query.after) return null;
  return (
    <nav class="row pager" aria-label="Pages">
      {query.after && <a href={linkTo(parts, { ...query, after: undefined })}>First page</a>}
      {next !== undefined && <a href={linkTo(parts, { ...query, after: String(next) })}>Next page</a>}
    </nav>
  );
}
