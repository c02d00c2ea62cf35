import type { ImagePart, TextPart } from '../../../contracts/model-request.ts';

/** A picture that a model made: messages have no block for one, so it stands in the text, as Markdown has it. */
export const imageText = ({ mediaType, data }: { mediaType: string; data: string }): string =>
  `![image](data:${mediaType};base64,${data})`;

/** No letter of it can begin another one: a text of many beginnings is looked through once. */
const IMAGE_TEXT = /!\[image\]\(data:([\w.+/-]*);base64,([\w+/=-]*)\)/g;

/** What a model said, as it comes back, and the pictures in it: letter by letter they are no words of it. */
export function withoutImages({ cache, ...said }: TextPart): (TextPart | ImagePart)[] {
  const parts: (TextPart | ImagePart)[] = [];
  let from = 0;
  const say = (until: number): void => {
    if (until > from) parts.push({ ...said, text: said.text.slice(from, until) });
  };
  for (const { 0: written, 1: mediaType = '', 2: data = '', index } of said.text.matchAll(IMAGE_TEXT)) {
    say(index);
    parts.push({ type: 'image', at: said.at, source: { type: 'base64', mediaType, data } });
    from = index + written.length;
  }
  say(said.text.length);
  const last = parts.pop() ?? said;
  return [...parts, cache ? { ...last, cache } : last];
}
