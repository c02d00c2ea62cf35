import type { FilePart, ImagePart, Message, TextPart } from '../../contracts/model-request.ts';

type Part = TextPart | ImagePart | FilePart;
type Media = Exclude<Part, TextPart>;

const BELOW = 'What the tool gave follows.';

/**
 * The results of a turn's calls as those take them who read text there alone: what else they hold stands behind all of them, as
 * the user's.
 * @param staysIn what may stand in a result after all
 */
export function textResults(message: Message, staysIn: (part: Media) => boolean = () => false): Message[] {
  if (message.role !== 'tool') return [message];
  const isMoved = (part: Part): part is Media => part.type !== 'text' && !staysIn(part);
  const moved = message.content.flatMap(({ content }) => content.filter(isMoved));
  if (moved.length === 0) return [message];
  const content = message.content.map((result) => {
    const kept = result.content.filter((part) => !isMoved(part));
    if (kept.length === result.content.length) return result;
    const text = kept.length > 0 ? `\n${BELOW}` : BELOW;
    return { ...result, content: [...kept, { type: 'text', at: result.at, text } as const] };
  });
  return [
    { ...message, content },
    { role: 'user', at: message.at, content: moved },
  ];
}
