import type { Token } from './clause.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const MINE = words('my our mein meine unser unsere mon ma mes notre mi mis nuestro nuestra');
const IS = words("is are was were = ist sind lautet est sont es son isn't aren't");
const AND = words('and but und et y because so');
/** What people say of themselves without "my". */
const OF_ONESELF = [
  'i live in',
  'i live at',
  'i am from',
  "i'm from",
  'i come from',
  'i work at',
  'i work for',
  'i was born in',
  'i was born on',
  'i am allergic to',
  "i'm allergic to",
  'i prefer',
  'call me',
  'ich heiße',
  'ich wohne in',
].map((phrase) => phrase.split(' '));

const LONGEST_SUBJECT = 4;
const LONGEST_VALUE = 8;

/** "My account number is 4711": what it is said of, and the places of the words that say it. */
export interface Statement {
  readonly about: string;
  /** Of tokens; `to` is behind the last. */
  readonly from: number;
  readonly to: number;
}

/** The statement that begins with the token at `at`, if one does. */
export function statementAt(tokens: readonly Token[], at: number): Statement | undefined {
  return MINE.has((tokens[at] as Token).lower) ? ofMine(tokens, at) : ofOneself(tokens, at);
}

function ofMine(tokens: readonly Token[], at: number): Statement | undefined {
  const subject: string[] = [];
  for (let i = at + 1; i < tokens.length && subject.length <= LONGEST_SUBJECT; i++) {
    const token = tokens[i] as Token;
    const contracted = /^(.+)['’]s$/u.exec(token.lower);
    if (subject.length > 0 && IS.has(token.lower)) return valueFrom(tokens, i + 1, subject);
    subject.push(contracted ? (contracted[1] as string) : token.lower);
    // "my name's Ada", "my number: 4711"
    const colon = token.endsClause && tokens[i + 1] !== undefined && !(tokens[i + 1] as Token).startsSentence;
    if (contracted && subject.length <= LONGEST_SUBJECT && !token.endsClause) {
      const next = valueFrom(tokens, i + 1, subject);
      if (
        next &&
        subject.length > 0 &&
        /^(?:name|number|email|address|birthday)$/u.test(subject.at(-1) ?? '')
      )
        return next;
    }
    if (token.endsClause && !colon) return token.startsSentence ? undefined : labelled(tokens, i, subject);
    if (token.endsClause) return undefined;
  }
  return undefined;
}

/** "My account number: 4711" */
function labelled(tokens: readonly Token[], at: number, subject: readonly string[]): Statement | undefined {
  const next = tokens[at + 1];
  return next?.startsSentence && /\d|@/.test(next.text) ? valueFrom(tokens, at + 1, subject) : undefined;
}

function ofOneself(tokens: readonly Token[], at: number): Statement | undefined {
  for (const phrase of OF_ONESELF) {
    if (!phrase.every((word, i) => tokens[at + i]?.lower.replace('’', "'") === word)) continue;
    const about = phrase.filter((word) => !OF_NO_SUBJECT.has(word)).join(' ');
    return valueFrom(tokens, at + phrase.length, [about]);
  }
  return undefined;
}

const OF_NO_SUBJECT = words("i am i'm was ich me");

function valueFrom(
  tokens: readonly Token[],
  from: number,
  subject: readonly string[],
): Statement | undefined {
  let to = from;
  while (to < tokens.length && to - from < LONGEST_VALUE) {
    const token = tokens[to] as Token;
    if (to > from && AND.has(token.lower)) break;
    to++;
    if (token.endsClause) break;
  }
  return to === from ? undefined : { about: subject.join(' '), from, to };
}
