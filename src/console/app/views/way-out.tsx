import { useAnswer } from '../lib/use-answer.ts';
import { type Kpis, KpisShown } from '../parts/kpis.tsx';
import { Panel } from '../parts/panel.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { type Signature, SignOff } from '../parts/sign-off.tsx';
import { StateTag } from '../parts/tags.tsx';

interface Exit {
  readonly verdict: string;
  readonly criteria: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly evidence: readonly string[];
  }[];
  readonly report: string;
  readonly signed: Signature | null;
}

/** Whether the window may end, with the evidence for each criterion, and what goes to whoever takes over. */
export function WayOut() {
  const exit = useAnswer<Exit>('/api/exit', { every: 15_000, on: ({ event }) => event === 'finding' });
  const kpis = useAnswer<Kpis>('/api/kpis', { every: 30_000 });
  const handover = useAnswer<string>('/api/reports/handover');
  return (
    <>
      <Shown answer={exit}>
        {({ verdict, criteria, report, signed }) => (
          <>
            <Panel title="May hypercare end?" side={<StateTag state={verdict} />}>
              {criteria.length === 0 ? (
                <Empty>
                  No criterion is set. Say under <code>hypercare.exit</code> what has to hold before the team
                  goes home.
                </Empty>
              ) : (
                criteria.map((criterion) => (
                  <article key={criterion.name} class="action">
                    <h3>
                      {criterion.name} <StateTag state={criterion.verdict} />
                    </h3>
                    <ul>
                      {criterion.evidence.map((line) => (
                        <li key={line}>{line}</li>
                      ))}
                    </ul>
                  </article>
                ))
              )}
              <SignOff isAllowed={verdict === 'pass'} signed={signed} reload={exit.reload} />
            </Panel>
            <Panel title="Sign-off report" side={<Print name="sign-off.md" text={report} />}>
              <pre class="diff">{report}</pre>
            </Panel>
          </>
        )}
      </Shown>
      <Panel title="How the care does">
        <Shown answer={kpis}>{(value) => <KpisShown kpis={value} />}</Shown>
      </Panel>
      <Panel title="Handover" side={handover.value && <Print name="handover.md" text={handover.value} />}>
        <Shown answer={handover}>{(text) => <pre class="diff">{text}</pre>}</Shown>
      </Panel>
    </>
  );
}

/** Prints the panel that it stands in, or saves the text as it is. */
function Print({ name, text }: { name: string; text: string }) {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([text], { type: 'text/markdown' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <span class="row">
      <button type="button" class="quiet" onClick={save}>
        Markdown
      </button>
      <button type="button" class="quiet" onClick={(event) => printPanel(event.currentTarget)}>
        Print
      </button>
    </span>
  );
}

/** On paper goes what was asked for, without the rest of the view. */
function printPanel(within: HTMLElement): void {
  const panel = within.closest('.panel');
  panel?.classList.add('printed');
  addEventListener('afterprint', () => panel?.classList.remove('printed'), { once: true });
  print();
}
