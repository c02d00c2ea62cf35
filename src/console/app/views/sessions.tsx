import { useState } from 'preact/hooks';
import { useChange } from '../lib/change.ts';
import { ago, count } from '../lib/format.ts';
import { go, type Location, linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from '../parts/clock.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Filter } from '../parts/filter.tsx';
import { PAGE, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Readers } from '../parts/readers.tsx';
import { Empty, ProblemBox, Shown } from '../parts/shown.tsx';

interface Head {
  readonly id: string;
  readonly state: string;
  readonly version: number;
  readonly tokens: number;
  readonly createdAt: number;
  readonly touchedAt: number;
}

/** How much was remembered at a moment. */
interface Remembered {
  readonly turns: number;
  readonly tokens: number;
}

interface Sent {
  readonly epoch: number;
  readonly covered: number;
  readonly sent: readonly number[];
  readonly cut: readonly number[];
  readonly recalled: readonly { readonly version: number; readonly passages: number }[];
  readonly tokens: number;
  readonly recalledTokens: number;
  readonly capacity: number;
}

interface Turn {
  readonly id: string;
  readonly version: number;
  readonly kind: string;
  readonly status: string;
  readonly at: number;
  readonly model: string;
  readonly provider: string;
  readonly upstreamModel: string;
  readonly finishReason: string;
  readonly tokens: number;
  /** As billed; -1 = nobody knows. */
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Ids: of its request, and of the findings that have that as evidence. */
  readonly request: string;
  readonly findings: readonly string[];
  readonly staleBase: boolean;
  readonly supersedes: string;
  readonly author: string;
  readonly reason: string;
  readonly onPath: boolean;
  readonly before: Remembered;
  readonly after: Remembered;
  /** What of the conversation reached the model; null: none was asked, or its client sent all of it. */
  readonly context: Sent | null;
  readonly why: readonly string[];
  /** Only for tokens with the right to read what people wrote. */
  readonly content?: { readonly messages: readonly { readonly role: string; readonly content: unknown }[] };
}

interface Session extends Head {
  readonly consumer: string;
  readonly summary: { readonly epoch: number; readonly covered: number; readonly tokens: number } | null;
  readonly turns: readonly Turn[];
  readonly next?: number;
}

/** Conversations of a consumer, or the journey of one of them. */
export function Sessions({ location: { parts, query } }: { location: Location }) {
  const consumer = query.get('consumer') ?? '';
  const [, id] = parts;
  if (id !== undefined) return <Journey id={id} consumer={consumer} after={query.get('after') ?? ''} />;
  return (
    <Panel title="Sessions">
      <form class="row filters" onSubmit={(event) => event.preventDefault()}>
        <Filter
          name="consumer"
          value={consumer}
          onFilter={(value) => go(linkTo(['sessions'], { consumer: value }))}
        />
        <Filter
          name="user"
          value={query.get('user') ?? ''}
          onFilter={(user) => go(linkTo(['sessions'], { consumer, user }))}
        />
      </form>
      {consumer === '' ? (
        <Empty>
          Say whose conversations: the name of a consumer. A call belongs to a conversation when it names one,
          in <code>x-session-id</code>, <code>conversation</code> or <code>metadata.session_id</code>.
        </Empty>
      ) : (
        <List consumer={consumer} user={query.get('user') ?? ''} after={query.get('after') ?? ''} />
      )}
    </Panel>
  );
}

function List({ consumer, user, after }: { consumer: string; user: string; after: string }) {
  const search = new URLSearchParams({
    consumer,
    limit: String(PAGE),
    ...(user === '' ? {} : { user }),
    ...(after === '' ? {} : { after }),
  });
  const answer = useAnswer<{ items: Head[]; next?: string }>(`/api/sessions?${search}`, { every: 15_000 });
  return (
    <Shown answer={answer}>
      {({ items, next }) =>
        items.length === 0 ? (
          <Empty>Nothing is remembered for {consumer} now.</Empty>
        ) : (
          <>
            <DataTable
              caption={`Sessions of ${consumer}`}
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                {
                  title: 'Session',
                  cell: ({ id }) => <a href={linkTo(['sessions', id], { consumer })}>{id}</a>,
                },
                { title: 'State', cell: ({ state }) => state },
                { title: 'Turns', isFigure: true, cell: ({ version }) => version },
                { title: 'Tokens', isFigure: true, cell: ({ tokens }) => count(tokens) },
                { title: 'Last turn', cell: ({ touchedAt }) => ago(touchedAt) },
              ]}
            />
            <Pager parts={['sessions']} query={{ consumer, user, after }} next={next} />
          </>
        )
      }
    </Shown>
  );
}

function Journey({ id, consumer, after }: { id: string; consumer: string; after: string }) {
  const path = `/api/sessions/${encodeURIComponent(id)}`;
  const search = new URLSearchParams({ consumer });
  const page = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
  const answer = useAnswer<Session>(`${path}/journey?${search}&limit=${PAGE}${page}`, { every: 15_000 });
  return (
    <Shown answer={answer}>
      {(session) => (
        <Panel
          title={`Session ${id}`}
          side={
            <span class="muted">
              {session.consumer} · version {session.version} · {count(session.tokens)} tokens
            </span>
          }
        >
          {session.summary && (
            <p>
              A summary of {count(session.summary.tokens)} tokens (epoch {session.summary.epoch}) stands for
              turns 1 to {session.summary.covered}; the turns themselves are kept.
            </p>
          )}
          <ol class="turns">
            {session.turns.map((turn) => (
              <TurnShown
                key={turn.id}
                turn={turn}
                path={`${path}/corrections?${search}`}
                reload={answer.reload}
              />
            ))}
          </ol>
          <Pager parts={['sessions', id]} query={{ consumer, after }} next={session.next} />
          <Readers consumer={consumer} session={id} />
        </Panel>
      )}
    </Shown>
  );
}

function TurnShown({ turn, path, reload }: { turn: Turn; path: string; reload(): void }) {
  const change = useChange();
  const [words, setWords] = useState({ text: '', reason: '' });
  const isSound = turn.status === 'complete' && !turn.staleBase;
  return (
    <li class={isSound ? undefined : 'way-bad'}>
      <div class="row">
        <b>{turn.version}</b> <Time at={turn.at} />
        <span class={isSound ? 'muted' : 'bad'}>
          {turn.kind}, {turn.status}
          {turn.staleBase && ', written on a base that others had left'}
          {!turn.onPath && ', on another branch'}
        </span>
        <span class="muted">
          {turn.model} {turn.provider} {count(turn.tokens)} tokens
        </span>
      </div>
      {turn.content?.messages.map((message, at) => (
        <p key={`${turn.id}-${at}`} class="said">
          <b>{message.role}</b> {textOf(message.content)}
        </p>
      ))}
      {turn.supersedes !== '' && (
        <p class="muted">
          stands in the place of turn {turn.supersedes}: {turn.reason} ({turn.author})
        </p>
      )}
      <details>
        <summary>What was sent, cut and recalled</summary>
        <dl class="facts">
          {turn.kind === 'turn' && <Answered turn={turn} />}
          <dt>before</dt>
          <dd>{remembered(turn.before)}</dd>
          {turn.context && (
            <>
              <dt>sent</dt>
              <dd>
                {count(turn.context.tokens)} of {count(turn.context.capacity)} tokens; turns{' '}
                {turnList(turn.context.sent)}
              </dd>
              <dt>summary</dt>
              <dd>
                {turn.context.epoch === 0
                  ? 'none'
                  : `epoch ${turn.context.epoch}, turns 1 to ${turn.context.covered}`}
              </dd>
              <dt>cut</dt>
              <dd>turns {turnList(turn.context.cut)}</dd>
              <dt>recalled</dt>
              <dd>
                {count(turn.context.recalledTokens)} tokens; turns{' '}
                {turnList(turn.context.recalled.map(({ version }) => version))}
              </dd>
            </>
          )}
          <dt>after</dt>
          <dd>{remembered(turn.after)}</dd>
        </dl>
        {turn.why.map((reason) => (
          <p key={reason} class="muted">
            {reason}
          </p>
        ))}
      </details>
      {turn.kind === 'turn' && turn.onPath && (
        <details>
          <summary>Correct the answer</summary>
          {change.problem && <ProblemBox problem={change.problem} />}
          <form
            class="row"
            onSubmit={(event) => {
              event.preventDefault();
              change.run(path, { turn: turn.id, ...words }, () => {
                setWords({ text: '', reason: '' });
                reload();
              });
            }}
          >
            <label class="grow">
              In its place{' '}
              <input
                required
                value={words.text}
                onInput={(event) => setWords({ ...words, text: event.currentTarget.value })}
              />
            </label>
            <label class="grow">
              Why{' '}
              <input
                required
                value={words.reason}
                onInput={(event) => setWords({ ...words, reason: event.currentTarget.value })}
              />
            </label>
            <button type="submit" disabled={change.isRunning}>
              Correct
            </button>
          </form>
        </details>
      )}
    </li>
  );
}

/** By whom, and where else it is spoken of. */
function Answered({ turn }: { turn: Turn }) {
  const { provider, upstreamModel, finishReason, tokensIn, tokensOut, request, findings } = turn;
  return (
    <>
      <dt>answered</dt>
      <dd>
        by {provider || 'nobody'} {upstreamModel}
        {finishReason !== '' && `, until ${finishReason}`}
        {tokensIn >= 0 && `; ${count(tokensIn)} tokens in, ${count(tokensOut)} out`}
      </dd>
      <dt>request</dt>
      <dd>
        <a href={linkTo(['requests', request])}>{request}</a>
      </dd>
      {findings.length > 0 && (
        <>
          <dt>findings</dt>
          <dd>
            {findings.map((id) => (
              <a key={id} class="block" href={linkTo(['findings', id])}>
                {id}
              </a>
            ))}
          </dd>
        </>
      )}
    </>
  );
}

const remembered = ({ turns, tokens }: Remembered): string =>
  `${count(turns)} turns, ${count(tokens)} tokens`;

/** `1–4, 7`; `none`. */
function turnList(versions: readonly number[]): string {
  const runs: [from: number, to: number][] = [];
  for (const version of versions) {
    const last = runs.at(-1);
    if (last && last[1] === version - 1) last[1] = version;
    else runs.push([version, version]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ') || 'none';
}

/** The text of a message in the neutral form; what is none is named. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return JSON.stringify(content);
  return content
    .map((part: { type?: string; text?: string }) =>
      typeof part.text === 'string' ? part.text : `[${part.type}]`,
    )
    .join(' ');
}
