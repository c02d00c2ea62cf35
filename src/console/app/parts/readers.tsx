import { useState } from 'preact/hooks';
import { count } from '../lib/format.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from './clock.tsx';
import { DataTable } from './data-table.tsx';
import { Empty, Shown } from './shown.tsx';

interface Entry {
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly from: string;
  readonly action: string;
}

/** What one person did with it, however often: a view that is open reads anew by itself. */
interface Done extends Entry {
  readonly times: number;
  readonly firstAt: number;
}

/** Entries of one answer. */
const LOOKED_AT = 200;

/** Who read a conversation, corrected, exported or erased it. It is asked for when somebody wants to know. */
export function Readers({ consumer, session }: { consumer: string; session: string }) {
  const [isOpen, setOpen] = useState(false);
  const search = new URLSearchParams({ consumer, session, limit: String(LOOKED_AT) });
  const answer = useAnswer<{ items: readonly Entry[]; next?: string }>(
    isOpen ? `/api/audit?${search}` : undefined,
  );
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Who looked</summary>
      <Shown answer={answer}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty>Nobody with the right to read what was said has opened it.</Empty>
          ) : (
            <>
              <DataTable
                caption="Who looked, the last one first"
                rows={together(items)}
                keyOf={({ id }) => id}
                columns={[
                  { title: 'Who', cell: ({ by, from }) => `${by} (${from})` },
                  { title: 'What', cell: ({ action }) => action },
                  { title: 'Times', isFigure: true, cell: ({ times }) => count(times) },
                  { title: 'First', cell: ({ firstAt }) => <Time at={firstAt} /> },
                  { title: 'Last', cell: ({ at }) => <Time at={at} /> },
                ]}
              />
              {next !== undefined && <p class="muted">The last {LOOKED_AT} entries are counted.</p>}
            </>
          )
        }
      </Shown>
    </details>
  );
}

function together(entries: readonly Entry[]): Done[] {
  const done = new Map<string, Done>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.by, entry.from, entry.action]);
    const later = done.get(key);
    done.set(key, { ...(later ?? entry), times: (later?.times ?? 0) + 1, firstAt: entry.at });
  }
  return [...done.values()];
}
