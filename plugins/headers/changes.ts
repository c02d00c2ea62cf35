import type { Exchange } from '../../src/contracts/exchange.ts';
import type { HeaderBag, PolicyPorts } from '../../src/contracts/policy.ts';

/** What is done to the headers of one direction. */
export interface HeaderChanges {
  remove: readonly string[];
  rename: Readonly<Record<string, string>>;
  set: Readonly<Record<string, string>>;
  add: Readonly<Record<string, string>>;
}

type Change = (headers: HeaderBag, exchange: Exchange) => void;

/**
 * All changes of one direction as one function, with their names lowered and their templates compiled.
 * @returns undefined if nothing is changed
 */
export function compileChanges(
  changes: HeaderChanges,
  template: PolicyPorts['template'],
): Change | undefined {
  const filled = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries).map(([name, value]) => [name.toLowerCase(), template(value)] as const);
  const remove = changes.remove.map((name) => name.toLowerCase());
  const rename = Object.entries(changes.rename).map(
    ([from, to]) => [from.toLowerCase(), to.toLowerCase()] as const,
  );
  const set = filled(changes.set);
  const add = filled(changes.add);
  if (remove.length + rename.length + set.length + add.length === 0) return undefined;
  return (headers, exchange) => {
    // To delete what is not there costs as much as to delete it.
    for (const name of remove) if (headers[name] !== undefined) delete headers[name];
    for (const [from, to] of rename) {
      if (headers[from] === undefined) continue;
      headers[to] = headers[from];
      if (to !== from) delete headers[from];
    }
    for (const [name, value] of set) headers[name] = value(exchange, visible);
    for (const [name, value] of add) headers[name] = withValue(headers[name], value(exchange, visible));
  };
}

/** Several values stay several fields: `Set-Cookie` can't be joined (RFC 9110 section 5.3). */
function withValue(present: HeaderBag[string], value: string): string | string[] {
  if (present === undefined) return value;
  return Array.isArray(present) ? [...present, value] : [String(present), value];
}

/** Whatever is not visible ASCII is escaped, so that a value never ends its header or starts another. */
function visible(value: string): string {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code > 0x7e) return escaped(value);
  }
  return value;
}

function escaped(value: string): string {
  let text = '';
  for (const char of value.toWellFormed()) {
    const code = char.charCodeAt(0);
    text += (code < 0x20 && code !== 0x09) || code > 0x7e ? encodeURIComponent(char) : char;
  }
  return text;
}
