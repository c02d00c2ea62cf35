import { objectsOf, parseObject } from '../lib/json.ts';

/** What an image part is called in the formats. */
const IMAGES: ReadonlySet<unknown> = new Set(['image_url', 'input_image', 'image']);

/**
 * Whether anything that is said in a request is an image, results of tools included.
 * @param bytes a request that was parsed before
 */
export function hasImage(bytes: Buffer): boolean {
  const body = parseObject(bytes.toString('utf8'));
  return objectsOf(body?.messages ?? body?.input).some(
    ({ content, output }) => isIn(content) || isIn(output),
  );
}

const isIn = (content: unknown): boolean =>
  objectsOf(content).some(
    (part) => IMAGES.has(part.type) || objectsOf(part.content).some(({ type }) => IMAGES.has(type)),
  );
