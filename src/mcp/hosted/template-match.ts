import { LRUCache } from 'lru-cache';
import { compileRegex } from '../../lib/regex.ts';

/** What a template, and a URI that is held against one, may have; and templates whose expressions are kept. */
const LONGEST_TEMPLATE = 2048;
const MOST_EXPRESSIONS = 50;
const LONGEST_URI = 8192;
const MOST_KEPT = 1000;

/** One part of a template: an expression, or what stands between two. */
const PART = /\{([^{}]*)\}|[^{}]+/y;
/** An expression of RFC 6570, section 2.3, with the operators of its levels 1 to 4. */
const EXPRESSION = /^([+#./;?&]?)([A-Za-z0-9_%.]+(?:\*|:\d{1,4})?(?:,[A-Za-z0-9_%.]+(?:\*|:\d{1,4})?)*)$/;

type Matcher = ReturnType<typeof compileRegex>;
const kept = new LRUCache<string, { readonly matcher: Matcher | undefined }>({ max: MOST_KEPT });

const quoted = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

function patternOf(operator: string, names: readonly string[]): string {
  const [first = ''] = names;
  switch (operator) {
    case '+':
      return '.+';
    case '#':
      return '#.+';
    case '.':
      return '\\.[^/,]+';
    case '/':
      return first.endsWith('*') ? '/[^/,]+(?:[/,][^/,]+)*' : '/[^/,]+';
    case ';':
      return names.map((name) => `;${quoted(name.replace(/\*|:\d+$/, ''))}(?:=[^;]*)?`).join('');
    case '?':
    case '&':
      return names
        .map((name, at) => `${at === 0 ? `\\${operator}` : '&'}${quoted(name.replace(/\*|:\d+$/, ''))}=[^&]*`)
        .join('');
    default:
      return names.length > 1 || first.endsWith('*') ? '[^/,]+(?:,[^/,]+)*' : '[^/,]+';
  }
}

function compiled(template: string): Matcher | undefined {
  if (template.length > LONGEST_TEMPLATE) return undefined;
  let pattern = '';
  let expressions = 0;
  for (PART.lastIndex = 0; PART.lastIndex < template.length; ) {
    const [whole, inner] = PART.exec(template) ?? [];
    if (whole === undefined) return undefined;
    if (inner === undefined) {
      pattern += quoted(whole);
      continue;
    }
    const [, operator = '', list = ''] = EXPRESSION.exec(inner) ?? [];
    if (list === '' || ++expressions > MOST_EXPRESSIONS) return undefined;
    pattern += patternOf(operator, list.split(','));
  }
  return compileRegex(`^(?:${pattern})$`);
}

function matcherOf(template: string): Matcher | undefined {
  const known = kept.get(template);
  if (known) return known.matcher;
  const matcher = compiled(template);
  kept.set(template, { matcher });
  return matcher;
}

/** Whether it is a URI template (RFC 6570) that can be held against URIs. A server writes it: it may be anything. */
export const isTemplate = (template: string): boolean => matcherOf(template) !== undefined;

/**
 * Whether a URI is one that a template makes, in time linear to it (RE2): the package's own matching backtracks, so that a
 * server could hold up the process with a template, and throws at one that is none.
 */
export const fitsTemplate = (template: string, uri: string): boolean =>
  uri.length <= LONGEST_URI && (matcherOf(template)?.test(uri) ?? false);
