import type { TextPart } from '../contracts/model-request.ts';
import { type CompactionTask, Compactor } from './compaction/compactor.ts';
import { journeyText } from './journey.ts';
import { measureTurn } from './measures/measure-turn.ts';
import { SizeOutliers } from './measures/size-outlier.ts';
import { TokenRatios } from './measures/token-ratios.ts';
import { turnSignals } from './measures/turn-signals.ts';
import type { ConversationMemory } from './memory/conversation-memory.ts';
import { Memories } from './memory/memories.ts';
import { shortMemoryOf } from './memory/short-memory.ts';
import type { MindOptions } from './mind-options.ts';
import type { ContextMind, OpenSummary, PathTurn, PromptInput, PromptShape, TurnDone } from './ports.ts';
import { type BuiltPrompt, buildPrompt, fitPrompt } from './prompt/build-prompt.ts';
import { exchangesOf } from './prompt/exchanges.ts';
import { messageText, userText } from './prompt/message-text.ts';
import { textTokens, USUAL_WINDOW } from './prompt/tokens.ts';
import { TurnPrefix } from './prompt/turn-prefix.ts';
import { contentOf } from './summary-content.ts';
import type { SpokenTurn, Summary } from './turn.ts';

/** A prompt may always have so many, whatever tools and output leave. */
const LEAST_CAPACITY = 256;
/**
 * Of what a model reads and writes, so much at most is kept free for its answer: clients ask for more than any answer has, and
 * mean no shorter prompt by it.
 */
const MOST_RESERVED = 1 / 2;
/** Of what a model reads, so much is never summed up for its length. */
const LEAST_SUMMED = 1 / 8;
/** Turns that wait to be looked after; beyond it they are passed over, and the next of their session makes up for it. */
const MOST_WAITING = 500;

/** Somebody has a conversation's turns in hand. */
interface InHand {
  readonly ref: PromptInput['ref'];
  /** They are forgotten meanwhile. */
  isForgotten: boolean;
}

/** Decides how much of a conversation goes into a prompt, and looks after it between turns. One a process. */
export class Mind implements ContextMind {
  readonly #options: MindOptions;
  readonly #memories = new Memories();
  readonly #sizes = new SizeOutliers();
  readonly #ratios = new TokenRatios();
  readonly #compactor: Compactor;
  /** What was sent with a shape, for when its turn is over. */
  readonly #built = new WeakMap<PromptShape, BuiltPrompt>();
  readonly #inHand = new Set<InHand>();
  readonly #after = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: MindOptions) {
    this.#options = options;
    this.#compactor = new Compactor(options);
  }

  prompt(input: PromptInput): Promise<PromptShape> {
    return this.#holding(input.ref, input.log ? this.#asSent(input, input.log) : this.#shape(input));
  }

  /** What is forgotten while somebody has it in hand is not kept by them either. */
  async #holding<T>(ref: PromptInput['ref'], work: Promise<T>): Promise<T> {
    const inHand: InHand = { ref, isForgotten: false };
    this.#inHand.add(inHand);
    try {
      return await work;
    } finally {
      this.#inHand.delete(inHand);
      if (inHand.isForgotten) this.#memories.forget(ref);
    }
  }

  /** A log that fits goes on as it came; of one that does not the oldest turns are left out. */
  async #asSent(input: PromptInput, log: NonNullable<PromptInput['log']>): Promise<PromptShape> {
    const tokens = log.tokens + systemTokens(input);
    if (tokens <= this.#capacity(input)) return NOTHING_BEFORE();
    const turns = await log.turns();
    const { before, now } = exchangesOf(input.fresh, input.head.version);
    if (before.length === 0) return this.#shape({ ...input, turns });
    return this.#shapeLong({ ...input, turns, fresh: now }, before);
  }

  /** Much of the log is new: met with another store, or for the first time. */
  async #shapeLong(input: PromptInput, before: readonly SpokenTurn[]): Promise<PromptShape> {
    const turns = [...input.turns, ...before];
    const built = await this.#build(input, turns, () => shortMemoryOf(turns));
    const isStored = (version: number): boolean => version <= input.head.version;
    const { sent, cut, recalled, ...context } = built.context;
    const kept = new Set(sent);
    const fresh = before.filter(({ version }) => kept.has(version)).flatMap(({ messages }) => messages);
    const unsent = before.flatMap(({ version, messages }) => (kept.has(version) ? [] : messages)).length;
    const shape: PromptShape = {
      summary: built.summary,
      system: systemIn(input.turns, input.summary),
      turns: input.turns.filter(({ version }) => kept.has(version)),
      fresh: [...fresh, ...input.fresh],
      snippets: built.snippets,
      recalled: built.passages,
      journey: journeyText({
        ...context,
        sent: sent.filter(isStored),
        cut: cut.filter(isStored),
        recalled: recalled.filter(({ version }) => isStored(version)),
        unsent,
      }),
    };
    this.#built.set(shape, built);
    return shape;
  }

  /** @param memoryOf asked only where something is left out that could be recalled */
  async #build(
    input: PromptInput,
    turns: readonly SpokenTurn[],
    memoryOf: () => Promise<ConversationMemory>,
  ): Promise<BuiltPrompt> {
    const { compaction } = this.#options.settings();
    const parts = {
      system: input.system.length > 0 ? input.system : systemIn(input.turns, input.summary),
      turns,
      summary: summaryOf(input.summary),
      fresh: input.fresh,
      capacity: this.#capacity(input),
      recall: compaction.recall,
      trigger: compaction.trigger,
    };
    const fitted = fitPrompt(parts);
    return buildPrompt(parts, fitted, fitted.room > 0 ? await memoryOf() : undefined);
  }

  async #shape(input: PromptInput): Promise<PromptShape> {
    const began = this.#options.clock.monotonic();
    const { turns } = input;
    const built = await this.#build(input, turns, () => this.#memoryOf(input, partsOf(turns).said));
    // A client that says all of it itself is heard as it is, as long as that is not too long.
    const isAsSent = input.isFull && !input.summary && built.context.cut.length === 0;
    const shape: PromptShape = {
      summary: built.summary,
      system: systemIn(input.turns, input.summary),
      // Of those that don't fit the oldest are left out.
      turns: isAsSent ? [] : turns.slice(turns.length - built.turns.length),
      // Also where nothing of the turns is left: the client's list does not go on as it came.
      ...((input.isFull || built.turns.length === 0) &&
        built.context.cut.length > 0 && { fresh: input.fresh }),
      snippets: built.snippets,
      recalled: built.passages,
      journey: journeyText(built.context),
    };
    this.#built.set(shape, built);
    this.#options.meters.worked('recall', this.#options.clock.monotonic() - began);
    return shape;
  }

  afterTurn(done: TurnDone): void {
    this.#learn(done);
    if (this.#after.size >= MOST_WAITING) {
      this.#options.meters.compaction('passed_over');
      return;
    }
    const work = this.#holding(done.ref, this.#lookAfter(done))
      .catch((error: unknown) => {
        this.#options.log.error(
          { err: error },
          'a turn could not be looked after: its context is not measured',
        );
      })
      .finally(() => {
        this.#after.delete(work);
      });
    this.#after.add(work);
  }

  tooLong(input: PromptInput, shape: PromptShape): void {
    const { otherTokens, maxOutput = 0 } = input;
    this.#ratios.refused(input, this.#tokensOf(input, shape) + otherTokens, maxOutput);
  }

  /** How the provider counted what is estimated here. */
  #learn({ input, shape, turn }: TurnDone): void {
    if (turn.status !== 'complete') return;
    const estimated = this.#tokensOf(input, shape) + input.otherTokens;
    this.#ratios.answered(input, turn.tokensIn, estimated, this.#limit(input));
  }

  /** Forgets what this process knows of a conversation beyond its turns. */
  forget(ref: PromptInput['ref']): void {
    this.#memories.forget(ref);
    for (const each of this.#inHand)
      if (each.ref.tenant === ref.tenant && each.ref.session === ref.session) each.isForgotten = true;
  }

  /** Waits for no model any more: what was to be summarized is as it was, until the session's next turn. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.settled();
  }

  /** Resolves when nothing is being looked after any more. */
  async settled(): Promise<void> {
    while (this.#after.size > 0) await Promise.allSettled(this.#after);
  }

  async #lookAfter({ input, shape, turn, messages, ask, isUnwritten = false }: TurnDone): Promise<void> {
    // The answer goes first.
    await new Promise(setImmediate);
    const { meters, clock, settings } = this.#options;
    const before = input.log ? await input.log.turns() : input.turns;
    const { said, call } = partsOf(before);
    const last: SpokenTurn = {
      id: turn.id,
      version: turn.version,
      at: turn.at,
      messages: call ? [...call.messages, ...messages] : messages,
      tokens: turn.tokens + (call?.tokens ?? 0),
    };
    const open = [...said, last];
    const { ref, head, summary } = input;
    const memory = await (isUnwritten ? this.#memoryAtHand(input, said) : this.#memoryOf(input, open));
    // A log that was met is one turn with what was said before in it.
    const { before: earlier, now } = input.log
      ? exchangesOf(messages, head.version)
      : { before: [], now: messages };
    const heard = earlier.length === 0 ? memory : await shortMemoryOf([...said, ...earlier]);
    const began = clock.monotonic();
    const built = this.#built.get(shape);
    const sent = new Set(built?.context.sent ?? [...open, ...earlier].map(({ version }) => version));
    const measures = measureTurn(heard, {
      version: turn.version,
      question: userText(now),
      answer: now.flatMap((each) => (each.role === 'assistant' ? [messageText(each)] : [])).join('\n'),
      included: {
        isVerbatim: (version) => sent.has(version),
        summary: built?.summary ?? '',
        recalled: built?.passages ?? [],
      },
    });
    const tokens = this.#tokensOf(input, shape);
    const isOutlier = this.#sizes.observe(input.model, tokens);
    const recalled = built?.context.recalledTokens ?? 0;
    // A failed turn is left out of the prompts that follow.
    const growth = turn.status === 'failed' ? 0 : turn.tokens;
    meters.turn(input.model, { tokens, recalled, growth }, measures, isOutlier);
    for (const signal of turnSignals(input, turn, measures)) this.#options.tell?.(signal);
    meters.worked('measure', clock.monotonic() - began);
    if (turn.status !== 'complete' || isUnwritten) return;
    const task: CompactionTask = {
      ref,
      head,
      open,
      whole: async () => {
        const covered = summary ? await input.covered() : [];
        const system = (version: number): readonly TextPart[] =>
          systemIn([...covered, ...said].filter(({ turn: each }) => each.version <= version));
        return { turns: [...covered, ...open], systemUpTo: system };
      },
      book: memory.book,
      summary: summaryOf(summary),
      settings: settings().compaction,
      sizes: {
        // What a refusal makes one guess is no reason to sum all up for good.
        capacity: Math.max(this.#capacity(input), Math.floor(this.#limit(input) * LEAST_SUMMED)),
        system: systemTokens(input),
        recalled,
      },
      ask,
      signal: this.#closing.signal,
    };
    await this.#compactor.run(task);
  }

  /** Estimated tokens that the prompt may have. What may be answered is told in the model's own. */
  #capacity(input: PromptInput): number {
    const { otherTokens, maxOutput = 0 } = input;
    const { ratio, most } = this.#ratios.of(input);
    const limit = this.#limit(input);
    const room = (limit - Math.min(maxOutput, limit * MOST_RESERVED)) / ratio - otherTokens;
    return Math.max(LEAST_CAPACITY, Math.floor(Math.min(room, most - otherTokens - maxOutput)));
  }

  /** Tokens that the model reads and writes in one call. */
  #limit({ window = 0 }: PromptInput): number {
    return this.#options.settings().compaction.window || window || USUAL_WINDOW;
  }

  /** About how many the prompt of a turn had, beside `otherTokens`. */
  #tokensOf(input: PromptInput, shape: PromptShape): number {
    const built = this.#built.get(shape);
    return built?.context.tokens ?? (input.log?.tokens ?? 0) + systemTokens(input);
  }

  /**
   * Of the path up to these turns, which follow the summary. Of a long conversation what that covers is read only where it is
   * not at hand: this process has not met it yet, or not for long.
   */
  async #memoryOf(
    { ref, head, summary, covered }: PromptInput,
    turns: readonly SpokenTurn[],
  ): Promise<ConversationMemory> {
    const known = await this.#memories.known(ref, head, summary?.covered ?? 0, turns);
    return known ?? this.#memories.met(ref, head, summary ? [...(await covered()), ...turns] : turns);
  }

  /** The same without the store, which is away. */
  async #memoryAtHand(
    { ref, head, summary }: PromptInput,
    turns: readonly SpokenTurn[],
  ): Promise<ConversationMemory> {
    if (!summary) return this.#memories.met(ref, head, turns);
    return (await this.#memories.known(ref, head, summary.covered, turns)) ?? shortMemoryOf(turns);
  }
}

/** Made anew each time: by it what was built is found again. */
const NOTHING_BEFORE = (): PromptShape => ({ summary: '', system: [], turns: [], snippets: '', journey: '' });

const SYSTEM = new TurnPrefix<readonly TextPart[] | undefined>(
  (turns, before) => turns.findLast(({ system }) => system !== undefined)?.system ?? before,
);

/** The client's own system texts that are in force: those of the last turn that had any. */
function systemIn(turns: readonly PathTurn[], summary?: OpenSummary): readonly TextPart[] {
  const said = SYSTEM.of(turns);
  return said ?? (summary && contentOf(summary).system) ?? [];
}

/** Turns before a new one, and the call whose results it brings, which becomes a part of it. */
function partsOf(turns: readonly PathTurn[]): { said: readonly PathTurn[]; call: PathTurn | undefined } {
  const last = turns.at(-1);
  return last?.isCall ? { said: turns.slice(0, -1), call: last } : { said: turns, call: undefined };
}

const systemTokens = ({ system }: PromptInput): number =>
  system.reduce((sum, { text }) => sum + textTokens(text), 0);

function summaryOf(summary: OpenSummary | undefined): Summary | undefined {
  if (!summary) return undefined;
  const { epoch, covered, tokens } = summary;
  const { text } = contentOf(summary);
  return { epoch, covered, coveredTurn: '', text, tokens };
}
