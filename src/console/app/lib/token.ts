/** The operator's token, for as long as the tab lives. Never in a URL and never on disk. */
const KEY = 'hypercare.token';

export const readToken = (): string => sessionStorage.getItem(KEY) ?? '';

export function keepToken(token: string): void {
  if (token === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}
