import type { ImagePart, Message, ToolResultPart, UserPart } from '../../contracts/model-request.ts';
import { NotCarried } from '../not-carried.ts';

/** What a picture may say to a vendor that looks as closely as it can: its own choice, or just that. */
const CLOSE: ReadonlySet<string> = new Set(['auto', 'high', 'original']);

/**
 * Of a vendor with one way to look at pictures: to be looked at less closely is to cost less, and would cost all of it.
 * @throws NotCarried
 */
export function mustBeClose(messages: readonly Message[]): void {
  for (const picture of picturesIn(messages)) if (!CLOSE.has(detailOf(picture))) throw notCarried(picture);
}

/**
 * Of a vendor that is told once for all pictures: what the one says that is to be looked at most closely. A picture that comes
 * later may say something else than one that was there before.
 * @throws NotCarried of a word that nobody knows
 */
export function detailOfAll(messages: readonly Message[]): 'auto' | 'low' | 'high' {
  const pictures = picturesIn(messages);
  const stray = pictures.find((picture) => !CLOSE.has(detailOf(picture)) && detailOf(picture) !== 'low');
  if (stray) throw notCarried(stray);
  const details = new Set(pictures.map(detailOf));
  if (details.has('high') || details.has('original')) return 'high';
  return details.has('low') && !details.has('auto') ? 'low' : 'auto';
}

/** All that is said, but of no picture how closely it is to be looked at. */
export function withoutDetail(messages: readonly Message[]): Message[] {
  return messages.map((message) => {
    if (message.role === 'user') return { ...message, content: message.content.map(plain) };
    if (message.role !== 'tool') return message;
    const content = message.content.map((result) => ({ ...result, content: result.content.map(plain) }));
    return { ...message, content };
  });
}

const plain = <Part extends UserPart | ToolResultPart['content'][number]>(part: Part): Part =>
  isPicture(part) ? { ...part, detail: undefined } : part;

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
