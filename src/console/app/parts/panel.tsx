import type { ComponentChildren } from 'preact';
import { goThere } from '../lib/router.ts';

/** A titled part of a view. */
export function Panel({
  title,
  side,
  href,
  isChosen = false,
  children,
}: {
  title: string;
  /** What stands beside the title. */
  side?: ComponentChildren;
  /** Its own address, if it has one. */
  href?: string;
  /** Whether that is the address where one is. */
  isChosen?: boolean;
  children: ComponentChildren;
}) {
  const id = `panel-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
  return (
    <section
      class={isChosen ? 'panel chosen' : 'panel'}
      aria-labelledby={id}
      tabIndex={isChosen ? -1 : undefined}
      ref={isChosen ? goThere : null}
    >
      <header>
        <h2 id={id}>{href === undefined ? title : <a href={href}>{title}</a>}</h2>
        {side}
      </header>
      {children}
    </section>
  );
}
