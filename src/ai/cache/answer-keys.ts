import { hash } from 'node:crypto';
import { isObject } from '../../lib/json.ts';
import { askingOf } from '../asking.ts';
import type { ChatCall } from '../chat-call.ts';
import type { Model } from '../models/catalog.ts';
import type { Deployment } from '../models/deployment.ts';
import { neutralOf } from '../prepared-call.ts';
import type { AnswerKeys } from './cache-work.ts';

type Body = Record<string, unknown>;

/** Of who asks and what for, and not of the answer. `metadata` holds tags and the session. */
const ABOUT_THE_CALLER = ['metadata', 'user', 'safety_identifier', 'prompt_cache_key'];
/** Longer ones are texts, not questions. */
const LONGEST_QUESTION = 8000;

/**
 * All that changes an answer goes into a key: who asks (by the key that was shown, never by the body), the format and
 * its headers, the model's name, what stands behind it now and where that is, and every field of the body but those
 * about the caller and the form in which it comes.
 */
export function answerKeys(call: ChatCall, model: Model, maker: string): AnswerKeys {
  const { exchange, format, headers } = call;
  const body = JSON.parse(call.bytes.toString('utf8')) as Body;
  const { stream, stream_options: options = null } = body;
  for (const field of ['stream', 'stream_options', ...ABOUT_THE_CALLER]) delete body[field];
  const targets = standsBehind(call, model);
  const behind = targets.map(({ url }) => url);
  const about = [
    exchange.consumer,
    format.name,
    format.headers.map((name) => headers[name] ?? null),
    exchange.ai?.model,
    model.name,
    behind,
    targets.map(({ origin }) => origin),
    // What has no neutral form can't be given again in another.
    isTranslatable(call) ? '' : String(stream),
  ];
  const keyOf = (...more: unknown[]): string =>
    hash('sha256', JSON.stringify([...about, ...more]), 'base64url');
  const exact = keyOf(body);
  const said = format.kind === 'chat' ? lastQuestion(body) : undefined;
  const question = said?.text ?? '';
  const isAsked = question !== '' && question.length <= LONGEST_QUESTION;
  // Taken out of the body, so that what is left is all the rest.
  said?.cut();
  // Vectors of two makers are not alike, whatever they are called here.
  const makers = call.catalog.get(maker)?.deployments.map(({ url, origin }) => [url, origin]);
  const like = isAsked ? keyOf(body, maker, makers) : undefined;
  return { exact, like, question, behind, streamOptions: JSON.stringify(options) };
}

/** The target that this caller always gets, or all that may answer. */
function standsBehind(call: ChatCall, model: Model): readonly Deployment[] {
  const one = model.isSticky ? model.select(NOBODY, askingOf(call)) : undefined;
  return one ? [one] : model.deployments;
}

const NOBODY: ReadonlySet<never> = new Set();

function isTranslatable(call: ChatCall): boolean {
  const { format } = call;
  if (format.kind === 'operation') return false;
  try {
    const neutral = format.kind === 'chat' ? neutralOf(call, format) : neutralOf(call, format);
    return neutral.uncarried.length === 0;
  } catch {
    // Its provider will say what is wrong with it, or take it.
    return false;
  }
}

/** The text of the last message, where it is the user's and nothing but text. */
function lastQuestion(body: Body): { text: string; cut(): void } | undefined {
  const at = body.messages === undefined ? 'input' : 'messages';
  const messages = body[at];
  if (typeof messages === 'string') return question(body, at, messages);
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (!isObject(last) || last.role !== 'user') return undefined;
  const { content } = last;
  if (typeof content === 'string') return question(last, 'content', content);
  const [part] = Array.isArray(content) ? content : [];
  if (!Array.isArray(content) || content.length !== 1 || !isObject(part)) return undefined;
  return typeof part.text === 'string' ? question(part, 'text', part.text) : undefined;
}

const question = (holder: object, key: string, text: string): { text: string; cut(): void } => ({
  text,
  cut: () => {
    (holder as Body)[key] = '';
  },
});
