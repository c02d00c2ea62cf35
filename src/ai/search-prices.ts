// What is not in the table of prices: searches of the web that belong to a model or that it grounds an answer on. US dollars,
// as the providers' price lists have them (2026). A deployment whose price the config gives is none of this.

/** Models of OpenAI that search at each request, and say nothing of it in their usage. */
const ALWAYS_SEARCH: readonly (readonly [model: RegExp, usd: number])[] = [
  [/search-preview/, 0.025],
  [/search-api/, 0.01],
];

/** What one request costs because the model searches by itself. */
export const searchingPrice = (model: string): number =>
  ALWAYS_SEARCH.find(([known]) => known.test(model))?.[1] ?? 0;

/** Until Gemini 2.5: a prompt that was grounded, however many searches that took. */
const A_PROMPT = 0.035;
/** From Gemini 3 on: a search. */
const A_SEARCH = 0.014;

/** What each of so many searches of one answer costs, of a model whose searches the table has no price for. */
export function groundingPrice(model: string): (searches: number) => number {
  if (!model.includes('gemini')) return () => 0;
  return /gemini-(1|2)/.test(model) ? (searches) => A_PROMPT / searches : () => A_SEARCH;
}
