import { isUtf8 } from 'node:buffer';
import { type DataUrl, formatDataUrl, parseDataUrl } from '../../lib/data-url.ts';

type Container = { readonly [key: string]: unknown };

/** Keys of parts whose values are a file's bytes, or say where it lies. */
const FILES: ReadonlySet<string> = new Set(['data', 'file_data', 'url', 'image_url']);
/** Media types that are text, whatever bytes they come with, */
const TEXTS = /^text\/|[/+](?:x-)?(?:csv|html|json|markdown|md|plain|txt|xhtml|xml|yaml)$/i;
/** and those whose bytes are no text even where they happen to be characters. What else is UTF-8 is taken for one. */
const NO_TEXTS = /^(?:audio|font|image|video)\/|^application\/(?:pdf|zip)$/i;

interface File extends DataUrl {
  readonly isUrl: boolean;
}

/**
 * Whether below a key may stand what a model reads as words: of a file's bytes, what may be a text in base64; of Anthropic's
 * documents, one that is a text as it stands. A file's place is none, and neither is a picture, sound or a PDF.
 */
export function mayHoldText(container: Container, key: string): boolean {
  if (!FILES.has(key)) return false;
  const value = container[key];
  if (typeof value === 'object' && value !== null) return true;
  return isPlain(container, key) || fileIn(container, key) !== undefined;
}

/**
 * The text in base64 that stands at a key, by its `data:` URL or the media type beside it.
 *
 * @returns `none`: bytes that are no text; undefined: what stands there is in no base64
 */
export function fileTextIn(container: Container, key: string): FileText | 'none' | undefined {
  if (!FILES.has(key) || isPlain(container, key)) return undefined;
  const file = fileIn(container, key);
  if (!file) return undefined;
  const text = decoded(Buffer.from(file.data, 'base64'), TEXTS.test(file.mediaType));
  return text === undefined ? 'none' : new FileText(file, text);
}

/** @param isText its type says so, whatever is in it */
function decoded(bytes: Buffer, isText: boolean): string | undefined {
  const wide = wideEncodingOf(bytes);
  if (wide) return new TextDecoder(wide).decode(bytes);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // Of older encodings enough is read as this one. Browsers send such a table as Excel's.
  return isText || bytes.every(isOfText) ? bytes.toString('latin1') : undefined;
}

/** Of text in two bytes a character: by its mark, or because one of the two is mostly 0. */
function wideEncodingOf(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE(0);
  if (mark === 0xfffe) return 'utf-16le';
  if (mark === 0xfeff) return 'utf-16be';
  if (!bytes.includes(0)) return undefined;
  const zeros = [0, 0] as [number, number];
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0) zeros[(at & 1) as 0 | 1]++;
  const [first, second] = zeros;
  const many = bytes.length / 8;
  if (second >= many && first * 8 <= second) return 'utf-16le';
  return first >= many && second * 8 <= first ? 'utf-16be' : undefined;
}

/** Tabs, ends of lines and of pages are the only control characters in texts. */
const isOfText = (byte: number): boolean => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** A text that came as the bytes of a file. */
export class FileText {
  readonly text: string;
  readonly #file: File;

  constructor(file: File, text: string) {
    this.text = text;
    this.#file = file;
  }

  /** What stands in the place of the file's bytes where its text is to be another: UTF-8. */
  with(text: string): string {
    const { mediaType, isUrl } = this.#file;
    const data = Buffer.from(text).toString('base64');
    return isUrl ? formatDataUrl({ mediaType, data }) : data;
  }
}

const isPlain = ({ type }: Container, key: string): boolean => key === 'data' && type === 'text';

/** A file in base64 that may be a text. */
function fileIn(container: Container, key: string): File | undefined {
  const value = container[key];
  if (typeof value !== 'string') return undefined;
  const url = parseDataUrl(value);
  const file = url ? { ...url, isUrl: true } : besideItsType(container, key, value);
  if (!file) return undefined;
  const mediaType = (file.mediaType.split(';', 1)[0] as string).trim();
  return NO_TEXTS.test(mediaType) && !TEXTS.test(mediaType) ? undefined : { ...file, mediaType };
}

/** As Anthropic writes it; and some leave the type of a file of OpenAI's away. */
function besideItsType({ media_type: mediaType }: Container, key: string, data: string): File | undefined {
  if (key === 'file_data') return { mediaType: '', data, isUrl: false };
  return key === 'data' && typeof mediaType === 'string' ? { mediaType, data, isUrl: false } : undefined;
}
