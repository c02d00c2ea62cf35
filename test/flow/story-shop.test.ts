import { afterAll, expect, test } from 'vitest';
import { shop } from '../../src/demo/stories/shop.ts';
import { closeBrowser } from '../helpers/browser.ts';
import { isThere, picture } from '../helpers/console-on-call.ts';
import { isToldWhole, PATIENT } from '../helpers/told-story.ts';

afterAll(closeBrowser);

test('the shop: a pool is spent, a cache goes stale, a target crawls', PATIENT, async () => {
  const told = await isToldWhole(shop, 60, async ({ at }) => {
    const { page } = at;
    await page.goto(`${page.url().split('#')[0]}#/requests?route=recommendations`);
    await page.locator('main tbody tr').first().waitFor();
    await picture(at, 'requests');
    await page.locator('main tbody a').first().click();
    await page.getByText('answered').waitFor();
    await picture(at, 'request');
    for (const [key, name] of [
      ['f', 'findings'],
      ['u', 'upstreams'],
      ['c', 'config'],
      ['b', 'feedback'],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await isThere(at);
      await picture(at, name);
    }
  });
  expect(told).toContain('Revert revision 2');
  expect(told).toContain('Purge the cache of route products');
});
