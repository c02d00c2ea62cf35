import { expect, it } from 'vitest';
import { fitsTemplate, isTemplate } from '../../../src/mcp/hosted/template-match.ts';

it.each([
  ['test://template/{id}/data', 'test://template/7/data', 'test://template/7/8/data'],
  ['file:///{+path}', 'file:///a/b/c.txt', 'ftp:///a'],
  ['db://rows{?table,limit}', 'db://rows?table=a&limit=1', 'db://rows?other=a'],
  ['repo:/{/parts*}', 'repo://a/b/c', 'repo:a'],
  ['a.b+c://{x}{.ext}', 'a.b+c://file.txt', 'aXb+c://file.txt'],
])('%s makes %s and not %s', (template, made, other) => {
  expect([fitsTemplate(template, made), fitsTemplate(template, other)]).toEqual([true, false]);
});

it('what a server calls a template and is none fits nothing, and throws at nobody', () => {
  for (const bad of [
    'a://{',
    'a://}',
    'a://{}',
    'a://{!x}',
    `a://${'{x}'.repeat(51)}`,
    `a://${'x'.repeat(3000)}`,
  ]) {
    expect(isTemplate(bad), bad).toBe(false);
    expect(fitsTemplate(bad, 'a://x')).toBe(false);
  }
});

it('one that is made to backtrack costs no more than another', () => {
  // The package's own matching takes longer than anybody waits with far fewer.
  const template = `a://${'{x*}'.repeat(30)}!`;
  expect(fitsTemplate(template, `a://${'x,'.repeat(2000)}`)).toBe(false);
});
