import { isObject, objectOf, textOf } from '../lib/json.ts';
import { TOKENS_A_PICTURE } from './budgets/estimate.ts';

type Part = Readonly<Record<string, unknown>>;

/** What the parts of a request that are no text come to. */
export interface MediaTokens {
  pictures: number;
  sound: number;
  /** Documents, and whatever else is no text. */
  files: number;
}

/** A picture that OpenAI is asked to look at roughly. */
const TOKENS_A_GLANCE = 85;
/** Sound as it is usually sent (mp3 of 128 kbit/s), at OpenAI's 10 tokens a second; and half a minute where only its name is known. */
const SOUND_BYTES_A_TOKEN = 1600;
const TOKENS_OF_NAMED_SOUND = 300;
/** A page of a document is some 30 kB and 1,500 tokens, more or less; one where only its name is known. */
const FILE_BYTES_A_TOKEN = 20;
const TOKENS_OF_NAMED_FILE = 1500;
/** No model reads more at once. */
const LONGEST = 200_000;

/**
 * Adds a part's tokens, roughly: how pictures, sound and files count is each provider's own rule, and most say it. It
 * knows the parts of OpenAI's and Anthropic's formats, and of Gemini's and Bedrock's own.
 */
export function addMedia(tokens: MediaTokens, part: Part): void {
  const { type, image } = part;
  const inline = objectOf(part.inlineData ?? part.inline_data ?? part.fileData ?? part.file_data);
  const ofGoogle = textOf(inline.mimeType ?? inline.mime_type);
  if (type === 'image_url' || type === 'input_image' || type === 'image' || isObject(image)) {
    const detail = objectOf(part.image_url).detail ?? part.detail;
    tokens.pictures += detail === 'low' ? TOKENS_A_GLANCE : TOKENS_A_PICTURE;
  } else if (ofGoogle.startsWith('image/')) {
    tokens.pictures += TOKENS_A_PICTURE;
  } else if (type === 'input_audio' || ofGoogle.startsWith('audio/')) {
    const bytes = bytesOf(objectOf(part.input_audio).data ?? inline.data);
    tokens.sound += bytes === 0 ? TOKENS_OF_NAMED_SOUND : tokensOf(bytes, SOUND_BYTES_A_TOKEN);
  } else if (FILES.has(type) || ofGoogle !== '' || isObject(part.document)) {
    const bytes = bytesOf(
      objectOf(part.file).file_data ??
        part.file_data ??
        objectOf(part.source).data ??
        objectOf(objectOf(part.document).source).bytes ??
        inline.data,
    );
    tokens.files += bytes === 0 ? TOKENS_OF_NAMED_FILE : tokensOf(bytes, FILE_BYTES_A_TOKEN);
  }
}

const FILES: ReadonlySet<unknown> = new Set(['file', 'input_file', 'document']);

/** Of base64. */
const bytesOf = (data: unknown): number => (textOf(data).length * 3) / 4;

const tokensOf = (bytes: number, bytesAToken: number): number =>
  Math.min(LONGEST, Math.ceil(bytes / bytesAToken));
