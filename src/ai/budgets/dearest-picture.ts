/** A name begins, or follows whose it is (`us.anthropic.claude-…`, `openai/gpt-4o`, `ft:gpt-4o-mini-…`). */
const named = (name: string): RegExp => new RegExp(`(?:^|[./:])(?:${name})`, 'i');

/**
 * Tokens of the dearest picture that each vendor's pages know of (2026), at the highest detail and of any size; the first that fits.
 * Who is not here has no such bound: Gemini before 3 cuts a picture into tiles by its proportions, OpenAI since 5.6 takes it as large
 * as it is, and models of one's own do what they are told.
 */
const DEAREST: readonly (readonly [model: RegExp, tokens: number])[] = [
  // 92 × 52 squares of 28 pixels since Opus 4.7, and 1,568 before.
  [named('claude-'), 4_784],
  // `media_resolution_ultra_high`.
  [named('gemini-[3-9]'), 2_240],
  // 2,833, and 5,667 for each of eight tiles: 2048 × 768 pixels.
  [named('gpt-4o-mini'), 48_169],
  // 1,536 squares of 32 pixels, times 2.46 at most (nano); what counts by tiles has 1,445.
  [named('gpt-4o|gpt-4\\.1|gpt-4-turbo|gpt-5(?!\\.[3-9]|\\.\\d\\d)|o[134](?:-|$)'), 3_779],
  // 10,000 squares (`original`). Of the small ones it is not known that they keep to what is written.
  [named('gpt-5\\.[45](?!\\d|-mini|-nano)'), 10_000],
];

/**
 * What one picture comes to at most with any of these models.
 * @param models as their providers name them
 * @returns tokens; undefined: of one of them nobody says
 */
export function dearestPicture(models: readonly string[]): number | undefined {
  let most: number | undefined;
  for (const model of models) {
    const tokens = DEAREST.find(([known]) => known.test(model))?.[1];
    if (tokens === undefined) return undefined;
    most = Math.max(most ?? 0, tokens);
  }
  return most;
}
