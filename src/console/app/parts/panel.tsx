import type { ComponentChildren } from 'preact';

/** A titled part of a view. */
export function Panel({
  title,
  side,
  children,
}: {
  title: string;
  /** What stands beside the title. */
  side?: ComponentChildren;
  children: ComponentChildren;
}) {
  const id = `panel-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {side}
      </header>
      {children}
    </section>
  );
}
