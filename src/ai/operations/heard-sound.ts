import type { Sent } from '../../contracts/format.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import type { Usage } from '../../contracts/usage.ts';
import { objectOf, textOf } from '../../lib/json.ts';
import { isSpace } from '../../lib/json-span.ts';
import { DENSEST_SOUND, soundSeconds } from '../../lib/sound-length.ts';
import { type FormValue, formValues } from '../form-field.ts';

/** Fields that name sound which lies elsewhere: its address (Groq, Mistral), or a file that the provider keeps (Mistral). */
const PLACES = ['url', 'file_url', 'file_id'];
const ADDRESS = /^[a-z][a-z\d+.-]*:\/\//i;
const LONGEST_SCHEME = 16;

interface Sound {
  readonly files: readonly Buffer[];
  /** Some of what is heard, or all of it, may not have come along. */
  readonly isElsewhere: boolean;
}

/** Whether a transcription hears what did not come along: nobody here knows how long that lasts. */
export const hearsElsewhere = (body: JsonObject, sent: Sent): boolean => soundOf(body, sent).isElsewhere;

/**
 * Seconds that a transcription has heard: as long as the sound's own format says, or the times of its transcript if that is
 * more. Where neither says, as densely packed as speech can be; of sound that lies elsewhere then 0: nobody knows.
 */
export function secondsHeard(body: JsonObject, sent: Sent, told?: Usage): number {
  const { files, isElsewhere } = soundOf(body, sent);
  const lengths = files.map(soundSeconds);
  // Whoever reads a form with several takes one of them.
  const known = lengths.includes(0) ? 0 : lengths.reduce((sum, each) => sum + each, 0);
  const times = told?.audioSeconds ?? 0;
  // No more than it may come to: what is cut out of a broadcast says when it was, and not how long.
  const atMost = sent.bytes.length / DENSEST_SOUND;
  if (isElsewhere) return Math.max(Math.min(atMost, known), times);
  return Math.min(atMost, Math.max(known, times) || atMost);
}

function soundOf(body: JsonObject, { bytes, contentType }: Sent): Sound {
  if (!/^multipart\/form-data\b/i.test(contentType)) return { files: [], isElsewhere: isNamed(body) };
  const values = formValues(bytes, contentType, 'file', ...PLACES);
  const isFile = ({ name, start }: FormValue): boolean => name === 'file' && !isAddress(bytes, start);
  const files = values.filter(isFile).map(({ start, end }) => bytes.subarray(start, end));
  const isNamedToo = values.some((value) => !isFile(value) && value.end > value.start);
  return { files, isElsewhere: files.length === 0 || isNamedToo };
}

/** JSON brings sound along in one way that we know of (OpenRouter). */
function isNamed(body: JsonObject): boolean {
  const data = textOf(objectOf(body.input_audio).data);
  return data === '' || ADDRESS.test(data.trimStart()) || PLACES.some((place) => Boolean(body[place]));
}

/** In place of a file, as Together takes it. */
function isAddress(bytes: Buffer, start: number): boolean {
  let at = start;
  while (isSpace(bytes[at])) at++;
  return ADDRESS.test(bytes.toString('latin1', at, at + LONGEST_SCHEME));
}
