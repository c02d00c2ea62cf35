import { setTimeout as sleep } from 'node:timers/promises';
import { storyApi } from './admin.ts';
import { chapterEnd, chapterHead, exitText, foundText, kpiText, proofText } from './say.ts';
import { type Stage, type StageOptions, setStage } from './stage.ts';
import type { Chapter, OnCall, SeenExit, SeenFinding, SeenKpis, Story } from './story.ts';

export interface TellOptions extends StageOptions {
  /** Ends the story early. */
  readonly signal?: AbortSignal;
  /** Who is on call, at the gateway with this admin listener. If absent, the admin API is asked to do what is offered. */
  readonly onCall?: (adminUrl: string) => Promise<OnCall>;
  say(text: string): void;
}

/** What came of a chapter. */
export interface Told {
  readonly chapter: Chapter;
  /** As it was found, and as it was when it was proven. */
  readonly found: SeenFinding;
  readonly resolved: SeenFinding;
  readonly action: SeenFinding['actions'][number];
  /** What the gateway asked back of the complaint; '' = nothing. */
  readonly question: string;
  /** What whoever had complained is told. */
  readonly reporterHears: string;
  readonly learnt: { readonly fix: string; readonly proof: string };
  readonly secondsToFind: number;
}

/** Ticks of ordinary traffic before anything goes wrong: what is usual has to be seen first. */
const ORDINARY_TICKS = 26;
/** Ticks after which something that was to be found counts as not found. */
const PATIENCE_TICKS = 600;

/** Tells a story on real traffic. Fails with an Error that says what did not happen. */
export async function tellStory(
  story: Story,
  options: TellOptions,
): Promise<{ chapters: Told[]; kpis: SeenKpis; exit: SeenExit }> {
  const { say, tickMs, signal, onCall = byApi } = options;
  say(`${story.title}\n\n${story.about}\n`);
  const stage = await setStage(story, options);
  try {
    say(
      `Console   ${stage.gateway.adminUrl}   (open it beside this; everything below is there as well)\n` +
        `A tick of the engine takes ${tickMs} ms here and 10 s in real life; all its times scale with it.\n\n` +
        `Ordinary traffic first, so that it is known what is usual …\n`,
    );
    const hands = await onCall(stage.gateway.adminUrl);
    await sleep(ORDINARY_TICKS * tickMs, undefined, { signal });
    const chapters: Told[] = [];
    for (const [at, chapter] of story.chapters.entries()) {
      say(chapterHead(at + 1, chapter));
      chapters.push(await tellChapter(stage, chapter, hands, options));
    }
    const kpis = await stage.admin.get<SeenKpis>('/api/kpis');
    say(kpiText(kpis));
    await waitFor(
      'the window could not be ended',
      async () => (await stage.admin.get<SeenExit>('/api/exit')).verdict === 'pass' || undefined,
      PATIENCE_TICKS * tickMs,
      signal,
    );
    await hands.signOff();
    const exit = await stage.admin.get<SeenExit>('/api/exit');
    say(exitText(exit));
    return { chapters, kpis, exit };
  } finally {
    await stage.close();
  }
}

/** The gateway's own API in place of somebody on call. */
async function byApi(adminUrl: string): Promise<OnCall> {
  const admin = storyApi(adminUrl);
  return {
    act: async ({ id }, { n }) => void (await admin.post(`/api/findings/${id}/actions/${n}/apply`, {})),
    signOff: async () => void (await admin.post('/api/exit/sign-off', { note: 'as the story goes' })),
  };
}

async function tellChapter(
  stage: Stage,
  chapter: Chapter,
  hands: OnCall,
  options: TellOptions,
): Promise<Told> {
  const { admin, world, people } = stage;
  const { say, tickMs } = options;
  const until = <T>(what: string, check: () => Promise<T | undefined>): Promise<T> =>
    waitFor(what, check, PATIENCE_TICKS * tickMs, options.signal);
  const trouble = people.hit(chapter.complaint.trouble);
  const began = Date.now();
  await chapter.begin(world);

  const hit = await Promise.race([trouble, never(PATIENCE_TICKS * tickMs, 'nobody was hit', options.signal)]);
  const { comment, answer } = chapter.complaint;
  const report = await stage.public.post<{ id: string; question: string }>('/v1/feedback', {
    comment,
    session: hit.session,
    // Who says where it was needs no request id; who does not is asked.
    ...(answer === undefined && { requestId: hit.requestId }),
  });
  say(`Somebody complains: “${comment}”`);
  if (report.question !== '' && answer !== undefined) {
    say(`They are asked:     “${report.question}”`);
    await stage.public.post('/v1/feedback', { comment: answer, session: hit.session, about: report.id });
    say(`They answer:        “${answer}”`);
  }

  const found = await until(`no finding for “${chapter.title}”`, async () => {
    const { findings } = await admin.get<{ findings: SeenFinding[] }>('/api/findings?state=active&limit=200');
    const match = findings.find((each) => chapter.isAbout(each) && actionOf(chapter, each));
    return match && admin.get<SeenFinding>(`/api/findings/${match.id}`);
  });
  const secondsToFind = (Date.now() - began) / 1000;
  const action = actionOf(chapter, found) as SeenFinding['actions'][number];
  say(foundText(found, action, secondsToFind, secondsToFind * (10_000 / tickMs)));

  await hands.act(found, action);
  const resolved = await until(`“${chapter.title}” was not proven to be fixed`, async () => {
    const now = await admin.get<SeenFinding>(`/api/findings/${found.id}`);
    return now.state === 'resolved' ? now : undefined;
  });
  say(proofText(resolved));
  await hands.proven?.(resolved);
  const reporterHears = await until(`whoever said “${comment}” was not told`, async () => {
    const { status } = await stage.public.get<{ status: string }>(`/v1/feedback/${report.id}`);
    return status === 'fixed' ? status : undefined;
  });
  const { entries } = await admin.get<{ entries: { id: string; fix: string; proof: string }[] }>(
    '/api/knowledge',
  );
  const learnt = entries.find(({ id }) => id === found.id);
  if (!learnt) throw new Error(`nothing was learnt of “${chapter.title}”`);
  say(chapterEnd(reporterHears, learnt));
  return {
    chapter,
    found,
    resolved,
    action,
    question: report.question,
    reporterHears,
    learnt,
    secondsToFind,
  };
}

/** What the chapter's finding offers that fits, and was tried out. */
const actionOf = ({ actions }: Chapter, finding: SeenFinding): SeenFinding['actions'][number] | undefined =>
  finding.actions.find(({ kind, dryRun }) => dryRun.ok && actions.includes(kind));

const LOOK_EVERY_MS = 50;

async function waitFor<T>(
  what: string,
  check: () => Promise<T | undefined>,
  patienceMs: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what} within ${Math.round(patienceMs / 1000)} s`);
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function never(ms: number, what: string, signal: AbortSignal | undefined): Promise<never> {
  await sleep(ms, undefined, { signal, ref: false });
  throw new Error(what);
}
