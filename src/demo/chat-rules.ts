/**
 * The mind of the sandbox model: a list of rules, first match answers. It reads the conversation it is
 * sent and nothing else, so a gateway that loses context shows at once in what it can't recall.
 */
import { type ChatMessage, wordsOf } from './chat-request.ts';

interface Turn {
  /** The last user message, without what was recalled into it. */
  asked: string;
  /** The text of the system messages. */
  system: string;
  /** All messages before the last, system included, and what was recalled of them. */
  before: string[];
  last: ChatMessage | undefined;
}

type Rule = (turn: Turn) => string | undefined;

const NUMBER = String.raw`#?((?:[A-Z]{1,5}-)?\d[\w-]{2,})`;
/** What a gateway says again of a conversation, at the end of a question. */
const RECALLED = /\n\n\[Earlier in this conversation, recalled [\s\S]*\]$/;
const SUBJECTS = ['account', 'order', 'customer', 'invoice', 'ticket', 'card'];

const RULES: Rule[] = [
  ({ last }) => (last?.role === 'tool' ? `Here is what I found: ${last.text}` : undefined),
  ({ system, asked }) => (/\bone word\b/i.test(system) ? classify(asked) : undefined),
  (turn) => (/\bsummar(y|i[sz]e)/i.test(`${turn.system} ${turn.asked}`) ? summarise(turn) : undefined),
  ({ system }) =>
    /\bpremier customer\b/i.test(system)
      ? 'As a premier customer you have your own agent: she has taken this on and calls you within the hour.'
      : undefined,
  recallNumber,
  recallName,
  refund,
  noteNumber,
  ({ asked }) => {
    const name = nameIn(asked);
    return name && `Nice to meet you, ${name}. How can I help you today?`;
  },
  ({ asked }) =>
    /^\W*(hi|hello|hey|good (morning|afternoon|evening))\b/i.test(asked) && wordsOf(asked).length <= 6
      ? 'Hello! How can I help you today?'
      : undefined,
  ({ asked }) => (/^\W*(thanks|thank you)\b/i.test(asked) ? 'You are welcome.' : undefined),
];

/** The reply to a conversation: the same words for the same messages. */
export function writeReply(messages: readonly ChatMessage[]): string {
  const last = messages.at(-1);
  const whole = lastAsked(messages);
  const [recalled = ''] = RECALLED.exec(whole) ?? [];
  const turn: Turn = {
    asked: whole.slice(0, whole.length - recalled.length),
    system: messages.flatMap(({ role, text }) => (role === 'system' ? [text] : [])).join('\n'),
    before: [...messages.slice(0, -1).map(({ text }) => text), recalled],
    last,
  };
  for (const rule of RULES) {
    const reply = rule(turn);
    if (reply) return reply;
  }
  return `You asked: "${shorten(turn.asked, 30)}" I passed that on, and a person will answer it in full.`;
}

/** The text of the last user message, empty if there is none. */
export function lastAsked(messages: readonly ChatMessage[]): string {
  return messages.findLast(({ role }) => role === 'user')?.text ?? '';
}

/** The last number that the texts give to a subject, as in "my account number is AC-12345". */
function numberOf(subject: string, texts: readonly string[]): string | undefined {
  const named = new RegExp(
    `\\b${subject}\\b(?:\\s+(?:number|no\\.?|id))?(?:\\s+(?:is|was)|\\s*[:=])?\\s*${NUMBER}`,
    'gi',
  );
  return texts.flatMap((text) => [...text.matchAll(named)].map((match) => match[1])).at(-1);
}

function isQuestion(text: string): boolean {
  return /\?|\b(what|which|remember|recall|repeat|remind)\b/i.test(text);
}

function recallNumber({ asked, before }: Turn): string | undefined {
  if (!isQuestion(asked)) return undefined;
  const subject = SUBJECTS.find((word) => new RegExp(`\\b${word} (number|no|id)\\b`, 'i').test(asked));
  if (!subject || numberOf(subject, [asked])) return undefined;
  const number = numberOf(subject, before);
  if (!number) return `You have not told me your ${subject} number in this conversation.`;
  return `Your ${subject} number is ${number}.`;
}

function nameIn(text: string): string | undefined {
  return /\b(?:my name is|customer name:?) ([A-Z][\p{L}'-]*)/iu.exec(text)?.[1];
}

function recallName({ asked, before }: Turn): string | undefined {
  if (!/\bmy name\b/i.test(asked) || !isQuestion(asked)) return undefined;
  const name = before.map(nameIn).findLast((found) => found !== undefined);
  return name ? `Your name is ${name}.` : 'You have not told me your name in this conversation.';
}

function refund({ asked, before }: Turn): string | undefined {
  if (!/\b(refund|money back)/i.test(asked)) return undefined;
  const order = numberOf('order', [...before, asked]);
  return `I have started the refund${order ? ` for order ${order}` : ''}. It takes 3 to 5 working days.`;
}

function noteNumber({ asked }: Turn): string | undefined {
  const subject = SUBJECTS.find((word) => numberOf(word, [asked]));
  return (
    subject && `Thank you, I noted ${subject} number ${numberOf(subject, [asked])}. What can I do for you?`
  );
}

function classify(text: string): string {
  if (/refund|money back|charge|invoice|pay/i.test(text)) return 'billing';
  if (/deliver|parcel|ship|late|order/i.test(text)) return 'delivery';
  if (/error|crash|broken|bug|log ?in|password/i.test(text)) return 'technical';
  return 'other';
}

/** Every number, name and address of the material first, then the start of what was said. */
function summarise({ before, asked, last }: Turn): string {
  const material = [...before, asked, last?.text ?? '']
    .filter((text) => !/^\W*summar/i.test(text))
    .join('\n');
  const facts = SUBJECTS.flatMap((subject) => {
    const number = numberOf(subject, [material]);
    return number ? [`${subject} number ${number}`] : [];
  });
  const name = nameIn(material);
  if (name) facts.push(`customer name: ${name}`);
  facts.push(...new Set(material.match(/[\w.+-]+@[\w-]+\.[\w.-]+\w/g) ?? []));
  return `Summary. Facts: ${facts.join('; ') || 'none'}. Said: ${shorten(material, 60)}`;
}

function shorten(text: string, most: number): string {
  const words = text.trim().split(/\s+/);
  return words.length <= most ? words.join(' ') : `${words.slice(0, most).join(' ')} …`;
}
