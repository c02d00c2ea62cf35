/** What pictures begin with, in base64. */
const BEGINNINGS = [
  [/^iVBORw0KGgo/, 'image/png'],
  [/^\/9j\//, 'image/jpeg'],
  // `RIFF`, a length, `WEBP`: sound may begin like that as well.
  [/^UklGR.{7}RUJQ/, 'image/webp'],
  [/^R0lGOD/, 'image/gif'],
] as const;

const typeOf = (base64: string): string | undefined =>
  BEGINNINGS.find(([beginning]) => beginning.test(base64))?.[1];

/** Whether it begins as a picture, of a kind that is known here. */
export const isPicture = (base64: string): boolean => typeOf(base64) !== undefined;

/** The media type of a picture in base64; of one that nobody here knows, what most are. */
export const imageType = (base64: string): string => typeOf(base64) ?? 'image/png';
