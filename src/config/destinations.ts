import { isHidden } from './mask.ts';
import { Part } from './part.ts';
import type { Path } from './path.ts';
import { baseUrlOf } from './provider-kinds.ts';

/** Where the value of a place goes that is sent to nobody: whoever asks the gateway, or may read its configuration, may see it. */
export const SHOWN = 'shown';

/** Where what a probe shows to the admin API goes. */
const ADMIN_API = 'the admin API';

/** A value, and where it goes. */
export interface Sent {
  readonly path: Path;
  readonly text: string;
  /** Origins, or `SHOWN`; none: the gateway keeps it to itself. */
  readonly to: readonly string[];
}

/** @param config the values of a file, `${…}` put in, without defaults */
export function sentBy(config: unknown): Sent[] {
  const root = new Part(config);
  const found: Sent[] = [];
  const walk = (part: Part, to: readonly string[] | undefined): void => {
    const goes = destinationsOf(part, root) ?? to;
    for (const each of [...part.items, ...part.entries.map(([, entry]) => entry)]) walk(each, goes);
    const { value, path } = part;
    if (typeof value !== 'string' && typeof value !== 'number') return;
    const text = String(value);
    found.push({ path, text, to: goes ?? (isHidden(text, path) ? [] : [SHOWN]) });
  };
  walk(root, undefined);
  return found;
}

/** Where all goes that stands below; undefined: as what is above it. */
function destinationsOf(part: Part, root: Part): readonly string[] | undefined {
  const [section = '', second, third, fourth] = part.path;
  switch (part.path.length) {
    case 1:
      return section === 'store' ? [originOf(part.get('url').text)] : undefined;
    case 2:
      return section === 'telemetry' && second === 'otlp' ? [originOf(part.get('endpoint').text)] : undefined;
    case 3:
      if (section === 'ai' && second === 'providers') return originsOfProvider(part);
      if (section === 'mcp' && second === 'servers') return originsOfServer(part);
      if (section === 'hypercare' && second === 'notify')
        return [originOf(part.get('url').text || part.get('kind').text)];
      if (section === 'routes' && third === 'fallback') return [SHOWN];
      // Without an address it talks to the gateway itself.
      if (section === 'context' && second === 'probes' && part.has('url'))
        return [originOf(part.get('url').text)];
      break;
    case 4:
      if (section === 'context' && second === 'probes' && fourth === 'admin') return [ADMIN_API];
  }
  const guarded = section === 'routes' ? root.get(section, second ?? '') : root.get(section);
  const [key, , ...below] = part.path.slice(guarded.path.length);
  return key === 'policies' ? ofPolicy(part, below, guarded, root) : undefined;
}

/**
 * What a policy is given goes where it sends it: to an address of its own, along with requests, or back with answers. Those
 * that ask who somebody is send nothing.
 */
function ofPolicy(
  part: Part,
  [name, side, ...further]: Path,
  guarded: Part,
  root: Part,
): readonly string[] | undefined {
  if (name === undefined || String(name).startsWith('auth-') || further.length > 0) return undefined;
  if (side !== undefined) return side === 'response' ? [SHOWN] : undefined;
  return part.has('url') ? [originOf(part.get('url').text)] : originsBehind(guarded, root);
}

/** Of a route its upstreams'; of AI routes those of all providers, of MCP of all servers. */
function originsBehind(guarded: Part, root: Part): string[] {
  const [section] = guarded.path;
  const each = (key: string) => guarded.get(key).entries.map(([, entry]) => entry);
  if (section === 'ai') return each('providers').flatMap(originsOfProvider);
  if (section === 'mcp') return each('servers').flatMap(originsOfServer);
  const names = [
    guarded.get('upstream'),
    ...guarded.get('split').items.map((share) => share.get('upstream')),
    guarded.get('mirror', 'upstream'),
    guarded.get('fallback', 'upstream'),
  ];
  return names
    .flatMap(({ text }) => (text === undefined ? [] : root.get('upstreams', text, 'targets').items))
    .map((target) => originOf(target.get('url').text));
}

function originsOfProvider(provider: Part): string[] {
  const kind = provider.get('kind').text ?? '';
  const addresses = [
    baseUrlOf({ ...(provider.value as object), kind }) || kind,
    provider.get('tokenUrl').text,
  ];
  return addresses.filter((each) => each !== undefined).map(originOf);
}

/** To a program what it is given goes. */
const originsOfServer = (server: Part): string[] => [
  server.has('command')
    ? `program ${JSON.stringify(server.get('command').value)}`
    : originOf(server.get('url').text),
];

/** Of what is no address it is the text itself; never with a user or a password. */
function originOf(address = ''): string {
  const url = URL.parse(address);
  return url === null || url.host === '' ? address.replace(/^.*@/s, '') : `${url.protocol}//${url.host}`;
}
