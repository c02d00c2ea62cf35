// What a picture comes to at most, by what a request says of it.
import { expect, it } from 'vitest';
import { pictureTokens } from '../../../src/ai/picture-tokens.ts';

it.each([
  ['the largest of the finest, where nothing is said', {}, 7_024],
  ['gpt-image-1, upright', { size: '1024x1536', quality: 'high' }, 6_240],
  ['gpt-image-1, lying', { size: '1536x1024', quality: 'medium' }, 1_568],
  ['gpt-image-1, a sketch', { size: '1024x1024', quality: 'low' }, 272],
  ['gpt-image-2, of any size', { size: '3584x2048', quality: 'high' }, 12_329],
  ['the largest that there is', { size: '2880x2880' }, 23_719],
  ['larger than there is', { size: '99999x99999' }, 23_719],
  ['a size that is none', { size: 'huge', quality: 'constructor' }, 7_024],
  [
    'a GIF, frame by frame',
    { size: '1024x1024', quality: 'low', output_format: 'gif', frame_count: 16 },
    16 * 272,
  ],
  ['a GIF of as many as usual', { size: '1024x1024', quality: 'low', output_format: 'gif' }, 9 * 272],
  ['frames that no GIF asks for', { size: '1024x1024', quality: 'low', frame_count: 16 }, 272],
  ['shown on its way', { size: '1024x1024', quality: 'low', partial_images: 3 }, 572],
])('%s', (_which, asked, tokens) => {
  expect(pictureTokens(asked)).toBe(tokens);
});
