/** What pictures begin with, in base64. */
const BEGINNINGS = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['UklGR', 'image/webp'],
  ['R0lGOD', 'image/gif'],
] as const;

/** The media type of a picture in base64; of one that nobody here knows, what most are. */
export const imageType = (base64: string): string =>
  BEGINNINGS.find(([beginning]) => base64.startsWith(beginning))?.[1] ?? 'image/png';

/** `RIFF`, a length, `WEBP`: sound begins like that as well. */
const WEBP = /^UklGR.{7}RUJQ/;

/** Whether base64 begins as a picture of a kind that all models which see take. */
export const isPicture = (base64: string): boolean =>
  BEGINNINGS.some(
    ([beginning, type]) => base64.startsWith(beginning) && (type !== 'image/webp' || WEBP.test(base64)),
  );
