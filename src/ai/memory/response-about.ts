import { redactNotes } from '../../context/notes.ts';
import type { ContextPrivacy } from '../../context/ports.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import type { ResponseAbout, TurnContent } from '../../contracts/session.ts';
import type { Usage } from '../../contracts/usage.ts';
import { objectOf } from '../../lib/json.ts';

/** What a request says beside its input that its response repeats. Tools are not kept: they would be many times what is said. */
export function readAbout({ metadata, instructions }: JsonObject): ResponseAbout {
  const notes = Object.entries(objectOf(metadata)).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  return {
    ...(notes.length > 0 && { metadata: Object.fromEntries(notes) }),
    ...(typeof instructions === 'string' && instructions !== '' && { instructions }),
  };
}

/** What is kept of it with its turn, and what its tokens were. */
export function keptAbout(
  { metadata, instructions }: ResponseAbout,
  usage: Usage | undefined,
  privacy: Pick<ContextPrivacy, 'redactTexts'>,
): Pick<TurnContent, 'response'> {
  const { cached = 0, cacheWrite = 0, reasoning = 0 } = usage ?? {};
  const response: ResponseAbout = {
    ...(metadata && { metadata: redactNotes(metadata, privacy) }),
    ...(instructions !== undefined && {
      instructions: privacy.redactTexts([{ type: 'text', at: '', text: instructions }])[0]?.text ?? '',
    }),
    ...(cached + cacheWrite + reasoning > 0 && { usage: { cached, cacheWrite, reasoning } }),
  };
  return Object.keys(response).length > 0 ? { response } : {};
}
