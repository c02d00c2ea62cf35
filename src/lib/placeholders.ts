const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

/**
 * Cuts a text at its `{{names}}`. None of the texts between them is empty.
 * @throws Error that says what is wrong with the text
 */
export function splitPlaceholders(text: string): (string | { readonly name: string })[] {
  const parts: (string | { name: string })[] = [];
  let at = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    parts.push(text.slice(at, match.index), { name: (match[1] as string).trim() });
    at = match.index + match[0].length;
  }
  parts.push(text.slice(at));
  if (parts.some((part) => typeof part === 'string' && part.includes('{{')))
    throw new Error('has a "{{" without its "}}"');
  return parts.filter((part) => part !== '');
}
