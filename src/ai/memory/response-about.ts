import { redactNotes } from '../../context/notes.ts';
import type { ContextPrivacy } from '../../context/ports.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import type { ResponseAbout, TurnContent } from '../../contracts/session.ts';
import type { Usage } from '../../contracts/usage.ts';
import { isObject, objectOf } from '../../lib/json.ts';
import { settingsOf } from '../formats/openai-responses/asked-with.ts';
import { readRequest } from '../formats/openai-responses/read-request.ts';

/** How an answer is to be made, as far as its response says so. */
const SETTINGS = [
  'temperature',
  'top_p',
  'max_output_tokens',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
] as const;

/**
 * What a request says beside its input that its response repeats. Tools are not kept: they would be many times what is said.
 * @throws GatewayError `body_invalid` where it says what can't be read
 */
export function readAbout(body: JsonObject): ResponseAbout {
  const { metadata, instructions } = body;
  const settings = settingsIn(body);
  const notes = Object.entries(objectOf(metadata)).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  return {
    ...(notes.length > 0 && { metadata: Object.fromEntries(notes) }),
    ...(typeof instructions === 'string' && instructions !== '' && { instructions }),
    ...(Object.keys(settings).length > 0 && { settings }),
  };
}

/** In the words that the response has when it is made. */
function settingsIn(body: JsonObject): JsonObject {
  const said = SETTINGS.filter((name) => (body[name] ?? null) !== null);
  if (said.length === 0) return {};
  const settings = Object.fromEntries(said.map((name) => [name, body[name]]));
  // A choice may be among some of them.
  return settingsOf(readRequest(isObject(body.tool_choice) ? { ...settings, tools: body.tools } : settings));
}

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
