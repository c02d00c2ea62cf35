/** What a certificate is for besides its subject (RFC 5280 section 4.2.1.6); names and addresses in lower case. */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly uri: readonly string[];
  readonly email: readonly string[];
}

/** An entry of Node's text: `DNS:a.example`, or with its value as a JSON string where it could be misread. */
const ENTRY = /(DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/y;
const BETWEEN = ', ';

/** @param text as Node writes it; what stands behind an entry of another kind is still read */
export function alternativeNames(text: string | undefined): AlternativeNames {
  const names = { dns: [] as string[], ip: [] as string[], uri: [] as string[], email: [] as string[] };
  let at = 0;
  while (text !== undefined && at < text.length) {
    ENTRY.lastIndex = at;
    const match = ENTRY.exec(text);
    if (match === null) {
      // Another kind of name (a directory name, say); quoted if it could hold a comma.
      at = endOfEntry(text, at) + BETWEEN.length;
      continue;
    }
    const [whole, kind, written = ''] = match;
    const value = written.startsWith('"') ? (JSON.parse(written) as string) : written;
    if (kind === 'DNS') names.dns.push(value.toLowerCase());
    else if (kind === 'IP Address') names.ip.push(value.toLowerCase());
    else if (kind === 'URI') names.uri.push(value);
    else names.email.push(value);
    at += whole.length + BETWEEN.length;
  }
  return names;
}

function endOfEntry(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === ',') return i;
  }
  return text.length;
}
