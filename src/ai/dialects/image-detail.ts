import type { ImagePart, Message, ToolResultPart, UserPart } from '../../contracts/model-request.ts';
import { NotCarried } from '../not-carried.ts';

/** What a picture may say to a vendor that looks as closely as it can: its own choice, or just that. */
const CLOSE: ReadonlySet<string> = new Set(['auto', 'high']);

/**
 * Of a vendor with one way to look at pictures: to be looked at less closely is to cost less, and would cost all of it.
 * @throws NotCarried
 */
export function mustBeClose(messages: readonly Message[]): void {
  for (const picture of picturesIn(messages)) if (!CLOSE.has(detailOf(picture))) throw notCarried(picture);
}

/** Of a vendor that is told once for all pictures. @throws NotCarried where they are to be looked at differently */
export function detailOfAll(messages: readonly Message[]): 'auto' | 'low' | 'high' {
  const pictures = picturesIn(messages);
  const low = pictures.filter((picture) => detailOf(picture) === 'low');
  const stray = pictures.find((picture) => !CLOSE.has(detailOf(picture)) && !low.includes(picture));
  if (stray) throw notCarried(stray);
  const [first] = low;
  if (first && low.length < pictures.length) throw notCarried(first);
  if (first) return 'low';
  return pictures.some((picture) => detailOf(picture) === 'high') ? 'high' : 'auto';
}

/** What models are shown: those that they made have no such word. */
function picturesIn(messages: readonly Message[]): ImagePart[] {
  return messages.flatMap((message) => {
    if (message.role === 'user') return message.content.filter(isPicture);
    return message.role === 'tool' ? message.content.flatMap(({ content }) => content.filter(isPicture)) : [];
  });
}

const isPicture = (part: UserPart | ToolResultPart['content'][number]): part is ImagePart =>
  part.type === 'image';

const detailOf = ({ detail }: ImagePart): string => detail ?? 'auto';

const notCarried = ({ at }: ImagePart): NotCarried => new NotCarried({ at: `${at}.detail` });
