import type { IncomingHttpHeaders } from 'node:http';
import type { ToolUses } from '../contracts/usage.ts';
import { cutText, ownText } from '../lib/cut-text.ts';
import { isObject, objectOf, objectsOf, textOf } from '../lib/json.ts';
import { own } from '../lib/own.ts';
import { type AskedModel, askedModels } from './budgets/asked-models.ts';
import { askedTools } from './budgets/asked-tools.ts';
import { CALL_ITEMS } from './call-items.ts';
import { BUDGETS } from './dialects/anthropic-thinking.ts';

/** What budgets, caps and the ledger read of a request, in whichever format it came. What is not said is '' or 0. */
export interface RequestFacts {
  /** Output tokens that the request allows over all its answers; 0 = it names no maximum. */
  readonly maxOutput: number;
  readonly answers: number;
  /** Tokens that the model may think, where the request says how much it shall; 0 = it doesn't. */
  readonly thinking: number;
  /** The end user, as the application names them. */
  readonly user: string;
  readonly session: string;
  readonly tags: readonly string[];
  /** Or Anthropic's `speed`, where that is `fast`. */
  readonly serviceTier: string;
  /** The answer shall be JSON. */
  readonly wantsJson: boolean;
  /** The beginning of what the user said last. */
  readonly sample: string;
  /** Rounds of tool calls since the user last said something. */
  readonly toolRounds: number;
  /** OpenAI's conversation that the call is part of, and the response that it follows; ''. */
  readonly conversation: string;
  readonly previousResponse: string;
  /** Whether what is said may be kept; undefined: the request doesn't say. */
  readonly store: boolean | undefined;
  /** Models that its provider may ask for the same answer; mostly none. */
  readonly asks: readonly AskedModel[];
  /** The model is given tools to call. */
  readonly hasTools: boolean;
  /** What those may come to that the provider runs itself, and sells; undefined: there are none. */
  readonly toolUses: ToolUses | undefined;
  /** Its answer may be pictures, or sound, where its model makes them: pictures unless the request says otherwise. */
  readonly mayPaint: boolean;
  readonly maySpeak: boolean;
}

const MOST_TAGS = 16;
const LONGEST_TAG = 64;
/** Of names that applications choose; of longer ones a character more is read, so that they can be known. */
export const LONGEST_NAME = 256;

/**
 * @param body of a request, as parsed: nothing is known of it
 * @param maxima fields that bound its answer in its format: another format's bind nobody
 */
export function requestFacts(
  body: Readonly<Record<string, unknown>>,
  headers: IncomingHttpHeaders,
  maxima: readonly string[] = [],
): RequestFacts {
  const metadata = isObject(body.metadata) ? body.metadata : {};
  // Older completions answer each of a list of prompts, and may try several for each.
  const prompts = Array.isArray(body.prompt) && typeof body.prompt[0] !== 'number' ? body.prompt.length : 1;
  const said = body.messages ?? body.input ?? body.contents;
  const answers = Math.max(1, count(body.n), count(body.best_of)) * Math.max(1, prompts);
  return {
    maxOutput: answers * maxima.reduce((most, field) => Math.max(most, count(body[field])), 0),
    answers,
    thinking:
      count(objectOf(body.thinking).budget_tokens) ||
      (own(BUDGETS, textOf(body.reasoning_effort ?? objectOf(body.reasoning).effort)) ?? 0),
    user: name(body.safety_identifier) || name(body.user) || name(metadata.user_id),
    session: name(headers['x-session-id']) || name(metadata.session_id),
    tags: tagsOf(headers['x-gateway-tags'] ?? metadata.tags),
    serviceTier: body.speed === 'fast' ? 'fast' : name(body.service_tier) || name(body.serviceTier),
    wantsJson: JSON_FORMATS.has(formatOf(body)),
    sample: lastWords(said, SAMPLE),
    toolRounds: toolRounds(said),
    conversation: name(body.conversation) || name(objectOf(body.conversation).id),
    previousResponse: longName(body.previous_response_id),
    store: typeof body.store === 'boolean' ? body.store : undefined,
    asks: askedModels(body),
    hasTools: Array.isArray(body.tools) && body.tools.length > 0,
    toolUses: askedTools(body),
    ...answersIn(body),
  };
}

/** Google alone lets a request leave pictures out. */
function answersIn(body: Readonly<Record<string, unknown>>): Pick<RequestFacts, 'mayPaint' | 'maySpeak'> {
  const config = objectOf(body.generationConfig ?? body.generation_config);
  const ofGoogle = listOf(config.responseModalities ?? config.response_modalities);
  return {
    mayPaint: ofGoogle.length === 0 || ofGoogle.some((each) => !isNamed(each, 'text', 'audio')),
    maySpeak: [...ofGoogle, ...listOf(body.modalities)].some((each) => !isNamed(each, 'text', 'image')),
  };
}

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : [value].flat();

/** Numbers stand for them, too. */
const isNamed = (kind: unknown, ...names: string[]): boolean =>
  typeof kind === 'string' && names.includes(kind.toLowerCase());

const count = (value: unknown): number =>
  Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
const name = (value: unknown): string =>
  typeof value === 'string' ? cutText(value, LONGEST_NAME + 1).toWellFormed() : '';

/** Of ours, which hold a name. */
const longName = (value: unknown): string => (typeof value === 'string' ? cutText(value, 2048) : '');

const JSON_FORMATS: ReadonlySet<unknown> = new Set(['json_object', 'json_schema']);

/** OpenAI's chat and responses, and Anthropic's messages. */
function formatOf(body: Readonly<Record<string, unknown>>): unknown {
  const text = objectOf(objectOf(body.text).format);
  const output = objectOf(objectOf(body.output_config).format);
  return objectOf(body.response_format).type ?? text.type ?? output.type;
}

/** `a, b`, or a list. */
function tagsOf(given: unknown): string[] {
  const tags = typeof given === 'string' ? given.slice(0, 2 * MOST_TAGS * LONGEST_TAG).split(',') : given;
  if (!Array.isArray(tags)) return [];
  const tidy = tags
    .slice(0, MOST_TAGS)
    .map((tag) => (typeof tag === 'string' ? ownText(tag.trim().slice(0, LONGEST_TAG)) : ''));
  return [...new Set(tidy)].filter((tag) => tag !== '');
}

/**
 * Counted from the end, and only as far as the user's last word. One round is a row of calls, however many are made at
 * once, and however the format writes them: in a message of the assistant (OpenAI chat, Anthropic) or as items of their
 * own (OpenAI responses). Google and Amazon name a part by its only key.
 */
function toolRounds(messages: unknown): number {
  if (!Array.isArray(messages)) return 0;
  let rounds = 0;
  let inCalls = false;
  for (let at = messages.length - 1; at >= 0; at--) {
    // A model may think between calls that it makes at once.
    if (objectOf(messages[at]).type === 'reasoning') continue;
    const kind = kindOf(messages[at]);
    if (kind === 'user') break;
    if (kind === 'call' && !inCalls) rounds++;
    inCalls = kind === 'call';
  }
  return rounds;
}

function kindOf(message: unknown): 'user' | 'call' | 'other' {
  if (!isObject(message)) return 'other';
  const { type, tool_calls: calls, function_call: former, parts, content = parts } = message;
  if (CALL_ITEMS.has(type)) return 'call';
  // Google's whose it isn't said is the user's.
  const role = message.role ?? (parts === undefined ? '' : 'user');
  if (role === 'assistant' || role === 'model')
    return calls || former || has(content, CALLS) ? 'call' : 'other';
  // The results of tools come as the user's from some.
  return role === 'user' && !has(content, RESULTS) ? 'user' : 'other';
}

/** Types of parts, or their keys. */
const CALLS = ['tool_use', 'toolUse', 'functionCall', 'function_call'];
const RESULTS = ['tool_result', 'toolResult', 'functionResponse', 'function_response'];

/** Characters of a sample: enough to guess a language by. */
const SAMPLE = 200;

/** What the user said last, from its beginning on: so many characters of it at most. */
export function lastWords(messages: unknown, most: number): string {
  if (typeof messages === 'string') return messages.slice(0, most);
  if (!Array.isArray(messages)) return '';
  const message = objectOf(messages.findLast((each) => kindOf(each) === 'user'));
  const { parts, content = parts } = message;
  if (typeof content === 'string') return content.slice(0, most);
  return textOf(objectsOf(content).find((part) => typeof part.text === 'string')?.text).slice(0, most);
}

/** Whether among these is something that the user said: nothing before it is read here. */
export const holdsUsers = (messages: readonly unknown[]): boolean =>
  messages.some((each) => kindOf(each) === 'user');

const has = (content: unknown, kinds: readonly string[]): boolean =>
  Array.isArray(content) &&
  content.some(
    (part) => isObject(part) && kinds.some((kind) => part.type === kind || part[kind] !== undefined),
  );
