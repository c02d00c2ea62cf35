import { randomUUID } from 'node:crypto';
import type { TextPart } from '../../contracts/model-request.ts';
import type { SessionHead, SessionRef } from '../../contracts/session.ts';
import { digestOf, seedOf } from '../canonical.ts';
import type { MindOptions } from '../mind-options.ts';
import { type CompactionInput, compact } from './compact.ts';
import { planCompaction } from './plan.ts';

export interface CompactionTask extends Omit<CompactionInput, 'epoch' | 'turns'> {
  readonly ref: SessionRef;
  /** The turns that the summary does not cover. */
  readonly open: CompactionInput['turns'];
  /** All of the path. Asked for only where a summary is due. */
  whole(): Promise<WholePath>;
  /** As it was when the turn began: what was compacted since makes the work void. */
  readonly head: SessionHead;
}

interface WholePath {
  readonly turns: CompactionInput['turns'];
  /** The client's system texts that were in force at a turn: they stay so when it is covered. */
  systemUpTo(version: number): readonly TextPart[];
}

/** What a summary's content says. */
export interface SummaryContent {
  readonly text: string;
  readonly system?: readonly TextPart[];
}

/** How long one replica may take for a summary before another may try. */
const LEASE_MS = 150_000;
const WORK = 'compaction';

type CompactorOptions = Pick<MindOptions, 'sessions' | 'privacy' | 'meters' | 'operations' | 'clock'>;

/** Compacts sessions after their turns: at most once a turn, one replica at a time, and only what is still as it was. */
export class Compactor {
  readonly #options: CompactorOptions;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  async run(task: CompactionTask): Promise<void> {
    const { meters, clock, sessions } = this.#options;
    const { ref, open, summary, settings, sizes } = task;
    const plan = planCompaction(open, settings, { ...sizes, summary: summary?.tokens ?? 0 });
    // Nearly every turn ends here: nothing was asked of the store.
    if (plan.kind === 'not_due') return;
    if (plan.kind === 'no_gain') return meters.compaction('no_gain');
    // Of this run alone: a summarizer takes seconds, in which the next turn of the session ends here too.
    const holder = randomUUID();
    if (!(await sessions.lease(ref, WORK, holder, LEASE_MS))) return meters.compaction('leased');
    const began = clock.monotonic();
    try {
      await this.#compact(task, began);
    } finally {
      meters.worked('compact', clock.monotonic() - began);
      await sessions.unlease(ref, WORK, holder);
    }
  }

  async #compact(task: CompactionTask, began: number): Promise<void> {
    const { meters, sessions, privacy, clock, operations } = this.#options;
    const { ref, head } = task;
    const { turns, systemUpTo } = await task.whole();
    const made = await compact({ ...task, turns, epoch: head.epoch });
    if (made.kind !== 'made') return meters.compaction(made.kind);
    const { text, ...about } = made.summary;
    const seal = await privacy.of(ref.tenant);
    const system = systemUpTo(about.covered);
    const said: SummaryContent = { text, ...(system.length > 0 && { system }) };
    const content = seal.seal(JSON.stringify(said));
    const { generation, edits, epoch, covered } = head;
    const isStored = await sessions.summarize(
      ref,
      { generation, edits, epoch, covered },
      { ...about, at: clock.wall(), content },
    );
    meters.compaction(isStored ? `by_${made.by}` : 'overtaken');
    operations.note({
      op: 'compact',
      tenant: ref.tenant,
      user: head.owner,
      session: ref.session,
      turn: about.coveredTurn,
      version: about.covered,
      model: made.by === 'model' ? task.settings.summarizer : undefined,
      tokens: about.tokens,
      digest: digestOf(seedOf(seal, ref.tenant), {
        role: 'system',
        at: '',
        content: [{ type: 'text', at: '', text }],
      }),
      duration_ms: clock.monotonic() - began,
      outcome: isStored ? `by_${made.by}` : 'overtaken',
    });
    if (made.refused !== '') meters.compaction(`refused_${made.refused}`);
    if (!isStored) return;
    meters.compacted(made.before, made.after);
  }
}
