// Models that are not in the table of prices yet. US dollars per million tokens, as their vendors' pages have them (2026).
import type { ModelPrice } from '@pydantic/genai-prices';

const LATER: readonly (readonly [model: RegExp, price: ModelPrice])[] = [
  // https://developers.openai.com/api/docs/models/gpt-image-2.6-sunburst
  [
    /^gpt-image-2\.6-sunburst(?:-20\d\d-\d\d-\d\d)?$/,
    {
      ...{ input_mtok: 5, cache_read_mtok: 1.25 },
      ...{ input_image_mtok: 8, cache_image_read_mtok: 2 },
      output_mtok: 30,
    },
  ],
];

/** What a model costs that the table does not know; undefined: nor is it known here. */
export const laterPrice = (model: string): ModelPrice | undefined =>
  LATER.find(([known]) => known.test(model))?.[1];
