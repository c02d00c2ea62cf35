const MOST_KEYS = 20;

/**
 * A query fit for a log: the names stay, the values go. `?page=2&token=x` becomes `?page=…&token=…`.
 * @param query with its leading '?', or ''
 */
export function redactQuery(query: string): string {
  if (query.length < 2) return '';
  const parts = query.slice(1).split('&', MOST_KEYS + 1);
  const names = parts.slice(0, MOST_KEYS).map((part) => {
    const at = part.indexOf('=');
    // A part without '=' could itself be the secret.
    return at < 0 ? '…' : `${part.slice(0, Math.min(at, 64))}=…`;
  });
  return `?${names.join('&')}${parts.length > MOST_KEYS ? '&…' : ''}`;
}
