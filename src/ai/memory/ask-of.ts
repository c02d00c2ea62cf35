import type { Ask, Opening } from '../../context/ask.ts';
import type { KnownLog } from '../../context/known-log.ts';
import { textTokens } from '../../context/prompt/tokens.ts';
import { readResponseId } from '../../context/response-id.ts';
import type { Format } from '../../contracts/format.ts';
import type { ModelRequest, TextPart, Tool } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { cutText } from '../../lib/cut-text.ts';
import { randomHex } from '../../lib/request-id.ts';
import { askModelOf } from '../ask-model.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';
import type { AskInside } from '../inner-call.ts';
import { widestWindow } from '../models/chain.ts';
import { leastWindow } from '../models/window.ts';
import { bodyOf, neutralOf } from '../prepared-call.ts';
import { LONGEST_NAME } from '../request-facts.ts';
import { type BodyBehind, entriesIn, markOf, readBehind, readTail } from './log-tail.ts';
import { readAbout } from './response-about.ts';
import { withoutOwn } from './unnamed.ts';
import { withoutPictures } from './without-pictures.ts';

/** A header that anybody may name a session by. */
const CONVERSATION = 'x-conversation-id';

interface AgentHeaders {
  readonly session: string;
  /** By which sub-agents are told from the one that has started them: all have one session. The first may be named as it is. */
  readonly agent?: string;
  /** Others send it too, and mean something else by it: how this agent's `user-agent` begins. */
  readonly userAgent?: string;
}

/** By what known agents name their sessions. They send all that they have with each request. */
const AGENTS: readonly AgentHeaders[] = [
  { session: 'x-claude-code-session-id', agent: 'x-claude-code-agent-id' },
  // Codex; before 0.131 with underscores, and before that with a conversation.
  { session: 'session-id', agent: 'thread-id' },
  { session: 'session_id', agent: 'thread_id' },
  { session: 'conversation_id' },
  { session: 'x-opencode-session' },
  // OpenCode with all providers but its own, by now beside `x-session-id`. Clients of Fireworks choose a server by it.
  { session: 'x-session-affinity', userAgent: 'opencode/' },
  { session: 'x-litellm-session-id' },
  { session: 'helicone-session-id' },
];

/** Which conversation a call means, and whether the client lets it be kept. */
export type Meant = Pick<Opening, 'ref' | 'create' | 'isInvented' | 'isAgents' | 'follows' | 'exclusive'> & {
  readonly isStored: boolean;
  /** Where there is no such conversation the call belongs to none. */
  readonly isOptional?: boolean;
  /** Of a sub-agent: the session of who has started it. */
  readonly within?: string | undefined;
};

/**
 * By the first of: `conversation`, `previous_response_id`, `x-session-id`, `metadata.session_id`, a known agent's header. An
 * agent's is also what it names twice, in a header of its own and in one of anybody's.
 * A response that may be stored begins one of its own.
 *
 * @returns undefined for a call that belongs to none
 * @throws GatewayError `session_unknown`, `body_invalid` for a name that is too long
 */
export function conversationOf(call: ChatCall, storeResponses: boolean): Meant | undefined {
  const { exchange, headers, format } = call;
  const { conversation, previousResponse, store, user, session: named } = call.request as ChatRequest;
  const agent = agentSession(headers, named);
  const session = agent?.session ?? (named || nameIn(headers, CONVERSATION));
  const isStored = store !== false;
  // Two long names that begin alike are not to be one.
  for (const [param, name] of Object.entries({ conversation, session, user }))
    if (name.length > LONGEST_NAME)
      throw new GatewayError('body_invalid', {
        param,
        detail: `A ${param}’s id has ${LONGEST_NAME} characters at most.`,
      });
  if (conversation !== '' && previousResponse !== '')
    throw new GatewayError('body_invalid', {
      param: 'previous_response_id',
      detail: 'Send conversation or previous_response_id, not both.',
    });
  const of = (name: string) => ({ tenant: exchange.consumer, session: name });
  const isResponse = format.name === 'openai-responses';
  if (conversation !== '')
    return { ref: of(conversation), create: false, follows: undefined, exclusive: true, isStored };
  if (previousResponse !== '') {
    const read = readResponseId(previousResponse);
    if (!read) throw new GatewayError('session_unknown', { param: 'previous_response_id' });
    return { ref: of(read.session), create: false, follows: read.turn, exclusive: false, isStored };
  }
  if (session !== '')
    return {
      ref: of(session),
      create: isStored,
      isAgents: agent !== undefined,
      within: agent?.within,
      follows: undefined,
      exclusive: false,
      isStored,
      isOptional: !isStored,
    };
  if (!isStored || !isResponse || !storeResponses) return undefined;
  const ref = of(`sess_${randomHex(16)}`);
  return { ref, create: true, isInvented: true, follows: undefined, exclusive: false, isStored };
}

/**
 * The session that a call’s headers name, whose log it may begin with; '' = none. Its body may name another where they name none.
 * Who has a key to be known by, or sends only what is new, is read whole.
 */
export function sessionInHeaders(headers: ChatCall['headers']): string {
  if (nameIn(headers, 'idempotency-key') !== '' || headers['x-context-mode'] === 'delta') return '';
  const named = nameIn(headers, 'x-session-id');
  return agentSession(headers, named)?.session ?? (named || nameIn(headers, CONVERSATION));
}

/** @param named by what anybody may name a session; '' */
function agentSession(
  headers: ChatCall['headers'],
  named: string,
): { session: string; within?: string } | undefined {
  const isMeant = ({ session, userAgent = '' }: AgentHeaders): boolean =>
    named === ''
      ? nameIn(headers, session) !== '' && (headers['user-agent'] ?? '').startsWith(userAgent)
      : nameIn(headers, session) === named;
  const by = AGENTS.find(isMeant);
  if (!by) return undefined;
  const session = nameIn(headers, by.session);
  const agent = by.agent === undefined || named !== '' ? '' : nameIn(headers, by.agent);
  return agent === '' || agent === session
    ? { session }
    : { session: `${session}:${agent}`, within: session };
}

function nameIn(headers: ChatCall['headers'], name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? cutText(value, LONGEST_NAME + 1).toWellFormed() : '';
}

const MODES: ReadonlySet<unknown> = new Set(['auto', 'full', 'delta']);

/** @throws GatewayError `body_invalid` where a header of ours says what can't be read */
export function openingOf({ headers, request }: ChatCall, meant: Meant): Opening {
  const { conversation, user } = request as ChatRequest;
  const mode = headers['x-context-mode'] ?? (meant.isAgents ? 'full' : 'auto');
  if (!MODES.has(mode))
    throw new GatewayError('body_invalid', {
      param: 'x-context-mode',
      detail: 'x-context-mode must be auto, full or delta.',
    });
  const { isStored: _, isOptional: __, within: ___, ...which } = meant;
  const isFixed = which.follows !== undefined || conversation !== '';
  return {
    ...which,
    user,
    ifVersion: versionIn(headers['if-match'], 'if-match'),
    seenVersion: versionIn(headers['x-context-version'] as string | undefined, 'x-context-version'),
    key: String(headers['idempotency-key'] ?? ''),
    mode: isFixed ? 'delta' : (mode as Opening['mode']),
  };
}

/** @throws GatewayError `body_invalid` where the body says what can't be read */
export function askOf(
  call: ChatCall,
  opening: Opening,
  format: Format<ModelRequest>,
  askInside: AskInside,
): Ask {
  const { exchange, catalog } = call;
  const { model, maxOutput, answers } = call.request as ChatRequest;
  const alias = catalog.get(model);
  const isResponses = call.format.name === 'openai-responses';
  const { ref, key, mode } = opening;
  const known = key !== '' || mode === 'delta' ? undefined : call.ports.conversations.knownLog(ref);
  const { system, messages, tools = [], ...log } = readLog(call, format, known);
  return {
    ...opening,
    ...log,
    wishes: key === '' ? '' : wishesIn(call, system),
    system: isResponses ? system.filter((part) => !isInstruction(part)) : system,
    messages,
    model: exchange.ai?.model ?? '',
    // Each of several answers is written behind the prompt alone.
    maxOutput: maxOutput / answers,
    otherTokens: otherTokens(tools, isResponses ? system.filter(isInstruction) : []),
    window: leastWindow(call.candidates),
    widest: alias?.route && widestWindow(alias, catalog),
    askModel: askModelOf(call, askInside),
    ...(isResponses && { response: readAbout(withoutOwn(bodyOf(call), call)) }),
    requestId: exchange.id,
  };
}

type Read = Pick<ModelRequest, 'system' | 'messages' | 'tools'>;

/** What a call says; of a log that begins with one that is known, what comes behind that. */
function readLog(
  call: ChatCall,
  format: Format<ModelRequest>,
  known: KnownLog | undefined,
): Read & Pick<Ask, 'tail' | 'hasAnswers' | 'mark'> {
  const behind = call.behind?.known === known ? call.behind : known && readBehind(call.bytes, format, known);
  const read = behind && readTail(behind, format);
  const tail = read && {
    known: behind.known,
    whole: () => withoutPictures(neutralOf(call, format).messages),
  };
  if (!read) call.body ??= bodyOf(call);
  const { system, messages: said, tools }: Read = read ?? neutralOf(call, format);
  const messages = withoutPictures(said);
  const mark = markIn(call, read && behind);
  // What differs is an answer.
  return { system, messages, tools, tail, mark, ...(messages !== said && { hasAnswers: true }) };
}

/** What it is known by, when it is asked for. */
function markIn(call: ChatCall, behind: BodyBehind | undefined): NonNullable<Ask['mark']> {
  const { bytes, format } = call;
  const { entries, systems } = behind
    ? { entries: behind.known.entries + behind.tail.length, systems: behind.known.systems }
    : entriesIn(bodyOf(call), format);
  return () => markOf(bytes, { format: format.name, entries, systems });
}

/** What has its own place in an ask, and what says only how the answer is to be carried. */
const NO_WISHES: ReadonlySet<string> = new Set(['model', 'messages', 'input', 'stream', 'stream_options']);

/** The rest of a request, and its key: whoever asks otherwise is not given the recorded answer. */
function wishesIn(call: ChatCall, system: readonly TextPart[]): string {
  const rest = Object.entries(bodyOf(call))
    .filter(([name]) => !NO_WISHES.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([String(call.headers['idempotency-key']), system.map(({ text }) => text), rest]);
}

/** Of one turn only: the next one has its own, or none. */
const isInstruction = ({ at }: TextPart): boolean => at === 'instructions';

const otherTokens = (tools: readonly Tool[], instructions: readonly TextPart[]): number =>
  (tools.length > 0 ? textTokens(JSON.stringify(tools)) : 0) +
  instructions.reduce((sum, { text }) => sum + textTokens(text), 0);

function versionIn(text: string | undefined, param: string): number | undefined {
  if (text === undefined || text === '*') return undefined;
  const version = /^(?:W\/)?"?(\d{1,15})"?$/.exec(text)?.[1];
  if (version === undefined)
    throw new GatewayError('body_invalid', { param, detail: `${param} must be a version, a whole number.` });
  return Number(version);
}
