import { KINDS } from '../../lib/personal-data/kinds.ts';
import { classify } from './classify.ts';
import { saysSomething, type Token, tokensOf } from './clause.ts';
import { dateAt, isMonth } from './dates.ts';
import type { Fact, FactKind } from './fact.ts';
import { quotationsOf } from './quotations.ts';
import { type Statement, statementAt } from './statements.ts';

/** Characters of one text that are looked at. */
const LONGEST_TEXT = 20_000;
const MOST_FACTS = 200;
/** Words before a value that say what it is about. */
const ABOUT_WORDS = 3;
const ABOUT_REACH = 5;
const UNITS: ReadonlySet<string> = new Set(
  'eur usd gbp chf euro euros dollars pounds percent kg g km m cm mm mb gb days day weeks hours minutes people items pieces'.split(
    ' ',
  ),
);
/** With a small letter in it: what has none is an abbreviation. */
const NAME = /^\p{Lu}[\p{L}'’-]*\p{Ll}[\p{L}'’-]*$/u;
const IS = /^(?:is|are|was)$/;
const THE = /^(?:my|our|the|your)$/;

/**
 * What is definite in a text: numbers, dates, ids, addresses, names, quotations, and what is said of something in so
 * many words. In the order in which it is said; in time that grows with the text's length: every look around is bounded.
 */
export function extractFacts(text: string): Fact[] {
  const read = text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
  const tokens = tokensOf(read);
  const spans = spacedSpans(read);
  const facts: { at: number; fact: Fact }[] = [];
  let spanAt = 0;
  let stated = 0;
  for (let i = 0; i < tokens.length && facts.length < MOST_FACTS; ) {
    const token = tokens[i] as Token;
    const statement = i < stated ? undefined : statementAt(tokens, i);
    if (statement) {
      const value = statedValue(read, tokens, statement);
      facts.push({ at: token.start, fact: { ...value, about: statement.about, isStated: true } });
      // What it says may hold dates and numbers of its own; the statement has them already.
      stated = statement.to;
      i = statement.to;
      continue;
    }
    while (spanAt < spans.length && (spans[spanAt] as Span).end <= token.start) spanAt++;
    const span = spans[spanAt];
    if (span && span.start <= token.start && token.start < span.end) {
      const from = i;
      while (i < tokens.length && (tokens[i] as Token).start < span.end) i++;
      facts.push({
        at: span.start,
        fact: bare(span.kind, read.slice(span.start, span.end), tokens, from, i),
      });
      continue;
    }
    const typed = typedAt(read, tokens, i);
    if (typed) facts.push({ at: token.start, fact: bare(typed.kind, typed.value, tokens, i, typed.to) });
    i = typed?.to ?? i + 1;
  }
  for (const { start, end } of quotationsOf(read)) {
    if (facts.length >= MOST_FACTS) break;
    facts.push({
      at: start,
      fact: { kind: 'quoted', about: '', value: read.slice(start, end), isStated: false },
    });
  }
  return facts.sort((a, b) => a.at - b.at).map(({ fact }) => fact);
}

interface Span {
  readonly kind: FactKind;
  readonly start: number;
  readonly end: number;
}

/** Numbers that are written with gaps, each by its own form: cards, IBANs, telephones. */
function spacedSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (const name of ['email', 'iban', 'card', 'phone'] as const) {
    const finder = KINDS[name];
    for (let found = finder.find(text, 0); found; found = finder.find(text, found.end))
      spans.push({ kind: name === 'email' ? 'email' : 'id', ...found });
  }
  return spans
    .sort((a, b) => a.start - b.start || b.end - a.end)
    .filter((span, i, all) => i === 0 || span.start >= (all[i - 1] as Span).end);
}

interface Typed {
  readonly kind: FactKind;
  readonly value: string;
  /** Behind the last of its tokens. */
  readonly to: number;
}

function typedAt(text: string, tokens: readonly Token[], at: number): Typed | undefined {
  const token = tokens[at] as Token;
  const behindDate = dateAt(tokens, at);
  if (behindDate > 0) return spanning('date', text, tokens, at, behindDate);
  const kind = classify(token.text);
  if (kind === 'number') {
    const hasUnit = !token.endsClause && UNITS.has(tokens[at + 1]?.lower ?? '');
    return spanning(kind, text, tokens, at, hasUnit ? at + 2 : at + 1);
  }
  if (kind) return { kind, value: token.text, to: at + 1 };
  return nameAt(text, tokens, at);
}

const spanning = (
  kind: FactKind,
  text: string,
  tokens: readonly Token[],
  from: number,
  to: number,
): Typed => ({
  kind,
  value: text.slice((tokens[from] as Token).start, (tokens[to - 1] as Token).end),
  to,
});

/** Capitals in the middle of a sentence, or several words with one. */
function nameAt(text: string, tokens: readonly Token[], at: number): Typed | undefined {
  let to = at;
  while (to < tokens.length && to - at < 5) {
    const token = tokens[to] as Token;
    if (!NAME.test(token.text) || !saysSomething(token) || isMonth(token.lower)) break;
    if (to > at && token.startsSentence) break;
    to++;
    if (token.endsClause) break;
  }
  if (to === at || (to === at + 1 && (tokens[at] as Token).startsSentence)) return undefined;
  return spanning('name', text, tokens, at, to);
}

function bare(kind: FactKind, value: string, tokens: readonly Token[], from: number, to: number): Fact {
  const stated = statedBehind(tokens, to);
  if (stated !== '') return { kind, about: stated, value, isStated: true };
  return { kind, about: aboutBefore(tokens, from), value, isStated: false };
}

/** "4711 is my account number" */
function statedBehind(tokens: readonly Token[], to: number): string {
  const [is, the] = [tokens[to], tokens[to + 1]];
  if (!is || !the || tokens[to - 1]?.endsClause || !IS.test(is.lower) || !THE.test(the.lower)) return '';
  const words: string[] = [];
  for (let i = to + 2; i < tokens.length && words.length < ABOUT_WORDS + 1; i++) {
    const token = tokens[i] as Token;
    words.push(token.lower);
    if (token.endsClause) break;
  }
  return words.length > ABOUT_WORDS ? '' : words.join(' ');
}

function aboutBefore(tokens: readonly Token[], from: number): string {
  const words: string[] = [];
  for (let i = from - 1; i >= 0 && i >= from - ABOUT_REACH && words.length < ABOUT_WORDS; i--) {
    const token = tokens[i] as Token;
    if (token.endsClause) break;
    if (saysSomething(token)) words.unshift(token.lower);
  }
  return words.join(' ');
}

/** Of "is 4711, as I said": the number. Of "is the blue one": all of it. */
function statedValue(
  text: string,
  tokens: readonly Token[],
  { from, to }: Statement,
): Pick<Fact, 'kind' | 'value'> {
  const whole = text.slice((tokens[from] as Token).start, (tokens[to - 1] as Token).end);
  const [span] = spacedSpans(whole);
  if (span) return { kind: span.kind, value: whole.slice(span.start, span.end) };
  for (let i = from; i < to; i++) {
    const typed = typedAt(text, tokens, i);
    if (typed && typed.kind !== 'name') return { kind: typed.kind, value: typed.value };
  }
  const first = tokens[from] as Token;
  return { kind: to - from <= 3 && NAME.test(first.text) ? 'name' : 'text', value: whole };
}
