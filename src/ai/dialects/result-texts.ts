import type { TextPart, ToolResultPart } from '../../contracts/model-request.ts';
import { FAILED } from './blank.ts';

/** What a result says to those who have no other place for it that the tool failed. */
export function resultTexts({ at, content, isError }: ToolResultPart): TextPart[] {
  const texts = content.filter((part): part is TextPart => part.type === 'text');
  if (!isError) return texts;
  const [first = { type: 'text', at, text: '' }, ...rest] = texts;
  return [{ ...first, text: first.text === '' ? FAILED : `${FAILED}\n${first.text}` }, ...rest];
}
