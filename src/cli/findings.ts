import { Argument, type Command, InvalidArgumentError } from 'commander';
import { type AdminClient, openAdminClient } from './admin-client.ts';

interface Action {
  n: number;
  title: string;
  risk: string;
  status: string;
  dryRun: { ok: boolean; problem: string };
}

interface Finding {
  id: string;
  priority: string;
  state: string;
  title: string;
  sentence: string;
  actions: Action[];
  evidence: { bad: string[]; logQuery: string };
  history: { at: number; by: string; what: string; note: string }[];
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
/** What comes from outside moves no cursor and rings no bell. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ');

/** The verbs about findings. They ask the admin API, with HYPERCARE_ADMIN_TOKEN. */
export function findingCommands(program: Command, done: (code: number) => void): void {
  const asking = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option(
        '-a, --admin <url>',
        'the admin listener',
        process.env.HYPERCARE_ADMIN_URL ?? 'http://127.0.0.1:9090',
      );
  const run = async (admin: string, work: (client: AdminClient) => Promise<number>): Promise<void> => {
    try {
      done(await work(openAdminClient(admin, process.env.HYPERCARE_ADMIN_TOKEN)));
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      done(1);
    }
  };

  asking('findings', 'list what to do next, the most urgent first')
    .option('--all', 'those that are over or muted, too')
    .action(({ admin, all }: { admin: string; all?: boolean }) =>
      run(admin, async (client) => {
        const { findings } = await client.get<{ findings: Finding[] }>(
          `/api/findings?limit=200${all ? '' : '&state=active'}`,
        );
        for (const { id, priority, state, title } of findings)
          say(`${priority}  ${id}  ${state.padEnd(12)}  ${plain(title)}`);
        if (findings.length === 0) say('Nothing to do.');
        return 0;
      }),
    );
  asking('show', 'show a finding with its evidence, actions and history')
    .argument('<id>', 'id of the finding')
    .action((id: string, { admin }: { admin: string }) =>
      run(admin, async (client) => {
        show(await client.get<Finding>(`/api/findings/${encodeURIComponent(id)}`));
        return 0;
      }),
    );
  asking('apply', 'apply an action of a finding; it is verified on the traffic')
    .argument('<id>', 'id of the finding')
    .addArgument(
      new Argument('[n]', 'number of the action; without it, the first on offer that fits').argParser(place),
    )
    .option('--canary', 'for a part of the traffic first')
    .action(
      (
        id: string,
        said: number | undefined,
        { admin, canary = false }: { admin: string; canary?: boolean },
      ) =>
        run(admin, async (client) => {
          const path = `/api/findings/${encodeURIComponent(id)}`;
          const n = said ?? firstOf(await client.get<Finding>(path));
          const { state, actions } = await client.post<Finding>(`${path}/actions/${n}/apply`, { canary });
          const action = actions.find((each) => each.n === n);
          say(`${n}  ${plain(action?.title ?? '')}: ${action?.status}; the finding is ${state}`);
          return 0;
        }),
    );
  asking('report', 'print the daily report, or the handover')
    .addArgument(new Argument('[which]').choices(['daily', 'handover']).default('daily'))
    .action((which: string, { admin }: { admin: string }) =>
      run(admin, async (client) => {
        process.stdout.write(await client.text(`/api/reports/${which}`));
        return 0;
      }),
    );
  asking('signoff', 'print the sign-off report; exit code 0 only if every criterion passes').action(
    ({ admin }: { admin: string }) =>
      run(admin, async (client) => {
        const { verdict, report } = await client.get<{ verdict: string; report: string }>('/api/exit');
        process.stdout.write(report);
        return verdict === 'pass' ? 0 : 1;
      }),
  );
}

function show({ id, priority, state, sentence, actions, evidence, history }: Finding): void {
  say(`${priority}  ${id}  ${state}\n\n${plain(sentence)}\n\nActions`);
  for (const { n, title, risk, status, dryRun } of actions)
    say(
      `  ${n}  ${plain(title)} (risk ${risk}, ${status}${dryRun.ok ? '' : `; does not fit: ${plain(dryRun.problem)}`})`,
    );
  say(`\nEvidence\n  ${evidence.bad.map(plain).join('\n  ')}\n  ${plain(evidence.logQuery)}\n\nHistory`);
  for (const { at, by, what, note } of history)
    say(
      `  ${new Date(at).toISOString()}  ${plain(by)}  ${plain(what)}${note === '' ? '' : `: ${plain(note)}`}`,
    );
}

/** The number of what is best: actions keep theirs, whatever their order. @throws Error: nothing is offered that fits */
function firstOf({ id, actions }: Finding): number {
  const first = actions.find(({ status, dryRun }) => status === 'offered' && dryRun.ok);
  if (!first) throw new Error(`Nothing is offered that fits now: see "hypercare show ${plain(id)}".`);
  return first.n;
}

function place(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 0) throw new InvalidArgumentError('It is a number from 0.');
  return n;
}
