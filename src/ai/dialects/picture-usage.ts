import type { JsonObject } from '../../contracts/model-request.ts';
import type { OtherUsage, Usage } from '../../contracts/usage.ts';
import { objectOf, objectsOf, textOf } from '../../lib/json.ts';
import { pictureTokens } from '../picture-tokens.ts';
import { countOf, isCount } from './count.ts';

/**
 * Tokens of what a model of pictures put out that are pictures: all but those that its provider says to be text.
 * @param details of the output, as reported
 */
export function picturesOf(details: unknown, output: number): number {
  const { image_tokens: pictures, text_tokens: text } = objectOf(details);
  return isCount(pictures) ? Math.min(pictures, output) : Math.max(0, output - countOf(text));
}

/** What the models came to that made pictures for an answer, or wrote them as SVG: none of it is in the answer's own usage. */
export function othersIn(answer: JsonObject): OtherUsage[] {
  const items = objectsOf(answer.output);
  const others = [answer, ...items].flatMap(authorOf);
  const painted = paintedBy(
    objectOf(objectOf(answer.tool_usage).image_gen),
    items.filter(({ type, result }) => type === 'image_generation_call' && typeof result === 'string'),
  );
  if (!painted) return others;
  // A response repeats its tools, with the model that was taken where none was named.
  const tool = objectsOf(answer.tools).find(({ type }) => type === 'image_generation');
  return [...others, { model: textOf(tool?.model), usage: painted }];
}

/**
 * OpenAI's figures of its tool; undefined if that made none.
 * @param pictures that came: each counts as what it is known to come to, if nothing is said of it
 */
function paintedBy(reported: JsonObject, pictures: readonly JsonObject[]): Usage | undefined {
  const input = countOf(reported.input_tokens);
  const said = countOf(reported.output_tokens);
  const images = pictures.length;
  if (input + said + images === 0) return undefined;
  const output = said || pictures.reduce((sum, picture) => sum + pictureTokens(picture), 0);
  const cached = Math.min(countOf(reported.cached_tokens), input);
  const cachedImage = Math.min(countOf(objectOf(reported.cached_tokens_details).cached_image_tokens), cached);
  return {
    input,
    output,
    cached,
    imageInput: Math.min(countOf(objectOf(reported.input_tokens_details).image_tokens), input),
    imageOutput: picturesOf(reported.output_tokens_details, output),
    ...(cachedImage > 0 && { cachedImage }),
    ...(images > 0 && { images }),
  };
}

function authorOf({ svg_usage: reported }: JsonObject): OtherUsage[] {
  const { model, input_tokens: input, output_tokens: output, reasoning_tokens: thought } = objectOf(reported);
  if (textOf(model) === '') return [];
  const reasoning = Math.min(countOf(thought), countOf(output));
  const usage = { input: countOf(input), output: countOf(output), cached: 0 };
  return [{ model: textOf(model), usage: reasoning > 0 ? { ...usage, reasoning } : usage }];
}
