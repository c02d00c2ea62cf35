/** The value of one cookie in a Cookie header (RFC 6265 section 4.2.1), as it is there; '' if it is not. */
export function cookieOf(header: string | undefined, name: string): string {
  if (header === undefined) return '';
  let at = 0;
  while (at < header.length) {
    const semicolon = header.indexOf(';', at);
    const end = semicolon < 0 ? header.length : semicolon;
    while (header.charCodeAt(at) === 0x20) at++;
    if (header.startsWith(name, at) && header.charCodeAt(at + name.length) === 0x3d)
      return header.slice(at + name.length + 1, end).trim();
    at = end + 1;
  }
  return '';
}
