import type { Maker, ReasoningPart } from '../contracts/model-request.ts';

/** How reasoning is bound to its maker: its text signed, or sealed in place of a text. */
type Kind = 'signature' | 'opaque';

/**
 * Clients give back what a model thought, and vendors refuse what they have not signed themselves. In its maker's own format a
 * seal goes to the client as it is; in any other one it stands behind this and its maker's name. It begins with a letter that is
 * rare in what people and programs write: to look for it takes 5 µs of 250 kB, and 110 µs if it began with any other.
 */
const MARK = '~hypercare:';
const MARKED = /^~hypercare:([^:]*):(signature|opaque):(.*)$/s;
const MARK_BYTES = Buffer.from(MARK);

/** In place of the signature of what nobody has signed: formats have no other word for it that comes back. */
export const UNSIGNED = `${MARK}unsigned`;

/** @param own whose format it is written in */
export const writeSeal = (maker: Maker | undefined, kind: Kind, seal: string, own?: Maker): string =>
  maker === undefined || maker === own ? seal : `${MARK}${maker}:${kind}:${seal}`;

/** What a model thought has to bring to come back to it; undefined: nothing. */
export function sealOf({ signature, opaque, maker }: ReasoningPart, own: Maker): string | undefined {
  if (opaque !== undefined) return writeSeal(maker, 'opaque', opaque, own);
  return signature ? writeSeal(maker, 'signature', signature, own) : undefined;
}

/**
 * A seal as a client gave it back.
 * @param own whose format it is read in, and whose it is if it says nothing else
 * @param kind that it is then
 */
export function readSeal(
  text: string | undefined,
  own: Maker,
  kind: Kind,
): Pick<ReasoningPart, Kind | 'maker'> {
  if (!text || text === UNSIGNED) return {};
  const [, maker, said, seal] = MARKED.exec(text) ?? [];
  return said === undefined ? { maker: own, [kind]: text } : { maker, [said]: seal };
}

/** Whether it says whose it is: that of the format's own maker mostly does not. */
export const isMarked = (seal: unknown): seal is string => typeof seal === 'string' && seal.startsWith(MARK);

const ENCRYPTED = Buffer.from('"encrypted_content"');
const UNMARKED = /("encrypted_content":\s*")(?=[^"~])/g;

/** Whether a request in the format of responses may hold any seal. */
export const holdsSeal = (bytes: Buffer): boolean => bytes.includes(ENCRYPTED);

/**
 * An answer in the format of responses, the seals in it marked as its maker's.
 * @param bytes whole events, or a whole answer. A quote in what a model says is escaped, and is never a field's
 */
export function markSeals(bytes: Buffer, maker: Maker): Buffer {
  if (!holdsSeal(bytes)) return bytes;
  return Buffer.from(
    bytes.toString('latin1').replace(UNMARKED, `$1${writeSeal(maker, 'opaque', '')}`),
    'latin1',
  );
}

/** Whether a request may hold a seal of that kind: most do not, and go on as the bytes that came. */
export const holdsMark = (bytes: Buffer): boolean => bytes.includes(MARK_BYTES);
