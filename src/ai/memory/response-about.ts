import { redactNotes } from '../../context/notes.ts';
import type { ContextPrivacy } from '../../context/ports.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import type { ResponseAbout, TurnContent } from '../../contracts/session.ts';
import type { Usage } from '../../contracts/usage.ts';
import { objectOf } from '../../lib/json.ts';

/** How an answer is to be made, as far as its response says so. */
const SETTINGS = [
  'temperature',
  'top_p',
  'max_output_tokens',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
] as const;
/** Characters of one as JSON: it is a number, a word or two. */
const LONGEST_SETTING = 256;

/** What a request says beside its input that its response repeats. Tools are not kept: they would be many times what is said. */
export function readAbout(body: JsonObject): ResponseAbout {
  const { metadata, instructions } = body;
  const settings = SETTINGS.filter((name) => isSetting(body[name])).map((name) => [name, body[name]]);
  const notes = Object.entries(objectOf(metadata)).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  return {
    ...(notes.length > 0 && { metadata: Object.fromEntries(notes) }),
    ...(typeof instructions === 'string' && instructions !== '' && { instructions }),
    ...(settings.length > 0 && { settings: Object.fromEntries(settings) as JsonObject }),
  };
}

const isSetting = (value: unknown): boolean =>
  value !== undefined && value !== null && JSON.stringify(value).length <= LONGEST_SETTING;

/** What is kept of it with its turn, and what its tokens were. */
export function keptAbout(
  { metadata, instructions, settings }: ResponseAbout,
  usage: Usage | undefined,
  privacy: Pick<ContextPrivacy, 'redactTexts'>,
): Pick<TurnContent, 'response'> {
  const { cached = 0, cacheWrite = 0, reasoning = 0 } = usage ?? {};
  const response: ResponseAbout = {
    ...(metadata && { metadata: redactNotes(metadata, privacy) }),
    ...(instructions !== undefined && {
      instructions: privacy.redactTexts([{ type: 'text', at: '', text: instructions }])[0]?.text ?? '',
    }),
    ...(settings && { settings }),
    ...(cached + cacheWrite + reasoning > 0 && { usage: { cached, cacheWrite, reasoning } }),
  };
  return Object.keys(response).length > 0 ? { response } : {};
}
