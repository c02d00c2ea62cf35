import { placeOf, type Scope } from '../lib/finding.ts';
import { percent, usd } from '../lib/format.ts';
import { DataTable } from './data-table.tsx';
import { Empty } from './shown.tsx';
import { StateTag } from './tags.tsx';

export interface Objective {
  readonly name: string;
  readonly scope: Scope;
  readonly kind: string;
  readonly allowed: number;
  readonly bad: number;
  readonly total: number;
  readonly budgetLeft: number | null;
  readonly burn: number | null;
  readonly isMet: boolean | null;
}

/** Objectives with what is left of their budgets. */
export function Objectives({ items }: { items: readonly Objective[] }) {
  if (items.length === 0)
    return (
      <Empty>
        No objective is set. Say under <code>hypercare.objectives</code> what good is, and findings say how
        far off it is.
      </Empty>
    );
  return (
    <DataTable
      caption="Objectives"
      rows={items}
      keyOf={({ name }) => name}
      columns={[
        { title: 'Objective', cell: ({ name, scope }) => <span title={placeOf(scope)}>{name}</span> },
        {
          title: 'Met',
          cell: ({ isMet }) => <StateTag state={isMet === null ? 'insufficient' : isMet ? 'pass' : 'fail'} />,
        },
        {
          title: 'Budget left',
          isFigure: true,
          cell: ({ budgetLeft }) =>
            budgetLeft === null ? (
              'no traffic yet'
            ) : (
              <>
                <meter min={0} max={1} low={0.25} value={Math.max(0, budgetLeft)} aria-label="Budget left" />{' '}
                {percent(budgetLeft)}
              </>
            ),
        },
        { title: 'Burn', isFigure: true, cell: ({ burn }) => (burn === null ? '–' : `${burn.toFixed(1)} ×`) },
        {
          title: 'Allowed',
          isFigure: true,
          cell: ({ kind, allowed }) => (kind === 'spend' ? `${usd(allowed)} a day` : percent(allowed)),
        },
      ]}
    />
  );
}
