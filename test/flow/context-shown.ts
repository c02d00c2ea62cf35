/** What a provider was sent. */
export type Prompt = readonly {
  role: string;
  content: unknown;
  tool_calls?: unknown[];
  tool_call_id?: string;
}[];

/** A conversation as the admin API exports it. */
export interface ShownSession {
  readonly version: number;
  readonly epoch: number;
  readonly covered: number;
  readonly summary: { readonly covered: number; readonly tokens: number } | null;
  readonly turns: readonly ShownTurn[];
}

export interface ShownTurn {
  readonly id: string;
  readonly version: number;
  readonly parent: string;
  readonly kind: string;
  readonly format: string;
  /** The id of the client's. */
  readonly request: string;
  readonly status: string;
  readonly supersedes: string;
  readonly tokens: number;
  readonly onPath: boolean;
  readonly staleBase: boolean;
  readonly at: number;
  readonly opens: boolean;
  readonly journey: {
    readonly epoch: number;
    readonly covered: number;
    readonly sent: readonly number[];
    readonly cut: readonly number[];
    readonly unsent?: number;
  } | null;
  readonly content: unknown;
}

/** A turn for which the gateway has put a prompt together. */
export type AskedTurn = ShownTurn & { readonly journey: NonNullable<ShownTurn['journey']> };
export const wasAsked = (turn: ShownTurn): turn is AskedTurn => turn.journey !== null;

/** That something was deleted. */
export interface Deletion {
  /** The version of its turn. */
  readonly of: number;
  /** How many turns there were by then. */
  readonly at: number;
}

/** The turns of a conversation, and what providers were sent for them. */
export interface Said {
  readonly turns: readonly ShownTurn[];
  readonly byId: ReadonlyMap<string, ShownTurn>;
  /** By the id of the client's request. */
  readonly promptOf: ReadonlyMap<string, Prompt>;
  /** In the order in which they came. */
  readonly deletions: readonly Deletion[];
}

/** Behind how many deletions a turn came: with each its conversation has no summary any more, and epochs begin anew. */
export const eraOf = ({ version }: ShownTurn, { deletions }: Said): number =>
  deletions.filter(({ at }) => at < version).length;

export const MARK = /\[\[([^:]+:[^:]+):\d+\]\]/g;

/** What a message says, however its content is written. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(textOf).join('');
  if (typeof content !== 'object' || content === null) return '';
  const { text, content: inner } = content as { text?: unknown; content?: unknown };
  return textOf(text ?? inner);
}

/** About how much messages take: their text, and what each costs beside it. */
export const sizeOf = (messages: readonly { readonly content: unknown }[]): number =>
  messages.reduce((sum, { content }) => sum + textOf(content).length + 16, 0);

export const messagesOf = ({ content }: ShownTurn): Prompt => (content as { messages: Prompt }).messages;

const marksBy = (messages: Prompt, isMeant: (role: string) => boolean): string[] =>
  messages.flatMap(({ role, content }) => (isMeant(role) ? (textOf(content).match(MARK) ?? []) : []));

/** Of what users say, in their order. */
export const marksIn = (messages: Prompt): string[] => marksBy(messages, (role) => role === 'user');
/** And of what tools have said. */
export const heardIn = (messages: Prompt): string[] =>
  marksBy(messages, (role) => role === 'user' || role === 'tool');

/** Without failed ones, and corrections, which stand in the place of others. */
export function pathTo(last: ShownTurn | undefined, byId: Said['byId']): ShownTurn[] {
  const path: ShownTurn[] = [];
  for (let turn = last; turn; turn = byId.get(turn.parent))
    if (turn.status !== 'failed' && turn.supersedes === '') path.unshift(turn);
  return path;
}

/** A turn; before it the one, if there is such, that has what its log said otherwise than it was stored. */
export function saidIn(turn: ShownTurn, turns: readonly ShownTurn[]): [ShownTurn, ...ShownTurn[]] {
  const before = turns.find(({ kind, request }) => kind === 'items' && request === turn.request);
  return before ? [before, turn] : [turn];
}

/** The version of the last turn that it had read. Corrections and failed ones may have been behind that. */
export const hadRead = ({ journey: { covered, sent, cut } }: AskedTurn): number =>
  Math.max(covered, ...sent, ...cut);

/** The path that a turn was answered from: what was merged before it meanwhile it had not seen. */
export function pathSeenBy(turn: AskedTurn, { turns, byId }: Said): ShownTurn[] {
  const [first] = saidIn(turn, turns);
  return pathTo(turn.staleBase ? turns[hadRead(turn) - 1] : byId.get(first.parent), byId);
}

const RECALLED = /(\n\n){1,2}\[Earlier in this conversation, recalled because[\s\S]*$/;

/** A prompt without what was recalled for what is asked last. */
export function withoutRecalled(prompt: Prompt): Prompt {
  const at = prompt.findLastIndex(({ role }) => role === 'user');
  return prompt.map((message, place) => {
    if (place !== at) return message;
    const { content } = message;
    if (typeof content === 'string') return { ...message, content: content.replace(RECALLED, '') };
    if (!Array.isArray(content)) return message;
    return { ...message, content: content.filter((part) => !RECALLED.test(textOf(part))) };
  });
}
