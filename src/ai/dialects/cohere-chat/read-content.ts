import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit } from '../../../contracts/provider.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';

/** What a block of content says, or what a stream adds to one. */
export function readBlock({ text, thinking }: JsonObject, emit: Emit): void {
  if (textOf(thinking) !== '') emit({ type: 'reasoning', text: textOf(thinking) });
  if (textOf(text) !== '') emit({ type: 'text', text: textOf(text) });
}

/** What the model means to do with its tools: said before the calls, to nobody but itself. */
export function readPlan(plan: unknown, emit: Emit): void {
  if (textOf(plan) !== '') emit({ type: 'reasoning', text: textOf(plan) });
}

export function readCitation(said: JsonObject, emit: Emit): void {
  const [source] = objectsOf(said.sources);
  const title = textOf(objectOf(source?.document).title) || textOf(source?.id);
  const url = textOf(objectOf(source?.document).url);
  emit({
    type: 'citation',
    citation: {
      ...(url && { url }),
      ...(title && { title }),
      text: textOf(said.text),
      start: Number(said.start) || 0,
      end: Number(said.end) || 0,
    },
  });
}
