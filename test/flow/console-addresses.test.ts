// What somebody is told to look at is a link: everything has an address that opens and marks it.
import { afterAll, expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway } from '../helpers/ai.ts';
import { backend } from '../helpers/backend.ts';
import { closeBrowser, expectAccessible, testPage } from '../helpers/browser.ts';
import { testGateway } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

afterAll(closeBrowser);

it('an upstream, each of its targets and each revision has an address, and the timeline leads there', async () => {
  const [one, two] = await Promise.all([
    backend((_request, response) => response.end('one')),
    backend((_request, response) => response.end('two')),
  ]);
  const gateway = await testGateway({
    upstreams: {
      shop: { targets: [{ url: one.url }, { url: two.url }] },
      other: { targets: [{ url: one.url }] },
    },
    routes: [{ name: 'shop', match: { path: '/*' }, upstream: 'shop' }],
  });
  const drain = `/api/upstreams/shop/targets/${encodeURIComponent(two.url)}/drain`;
  await admin(gateway, drain, { method: 'POST' });
  const { page, complaints } = await testPage();
  await page.goto(gateway.adminUrl);
  const chosen = page.locator('.chosen');
  // What was changed leads to where it stands.
  await page
    .locator('.timeline')
    .getByRole('link', { name: `shop ${two.url}` })
    .first()
    .click();
  await chosen.getByText('disabled').waitFor();
  expect(await chosen.textContent()).toContain(two.url);
  expect(await chosen.evaluate('document.activeElement.className')).toBe('chosen');
  await expectAccessible(page);

  await page.getByRole('link', { name: 'other' }).click();
  await page.waitForURL(/upstreams\/other$/);
  await page.reload();
  expect(await chosen.getByRole('heading').textContent()).toBe('other');
  // It is named whole, and may be looked for in any upstream.
  await page.evaluate(`location.hash = '#/upstreams?target=${encodeURIComponent(one.url)}'`);
  await chosen.nth(1).waitFor();
  await page.evaluate("location.hash = '#/upstreams/gone'");
  await page.getByText('no such upstream').waitFor();

  await page.evaluate("location.hash = '#/now'");
  await page.locator('.timeline').getByRole('link', { name: 'config' }).click();
  const revision = page.getByRole('region', { name: 'Revision 1' });
  await revision.locator('ins', { hasText: 'upstreams' }).waitFor();
  expect(await revision.getByRole('button').count()).toBe(0);
  await page.evaluate("location.hash = '#/config/9'");
  await page.getByText('There is no revision 9').waitFor();
  expect(await page.getByRole('button', { name: 'Try it' }).count()).toBe(0);
  // No address makes what is done at a revision happen anywhere else.
  await page.evaluate("location.hash = '#/config/..%2Fupstreams%2Fshop%2Fbreaker%3F'");
  await page.getByRole('region', { name: 'Revision NaN' }).getByRole('alert').waitFor();
  expect(complaints).toEqual([]);
}, 60_000);

it('a budget has an address: of those of its name, and of one subject', async () => {
  const budgets = [
    { name: 'calls', scope: 'consumer', requests: 4, per: '1d' },
    { name: 'dear', scope: 'model', match: ['smart'], usd: 5, per: 'month' },
    { name: 'people', scope: 'user', tokens: 360, per: '1h' },
  ];
  const gateway = await aiGateway([await knowingProvider()], { ai: { budgets } });
  const { page, complaints } = await testPage();
  await page.goto(`${gateway.adminUrl}/#/money`);
  const panel = page.getByRole('region', { name: 'Budgets' });
  await panel.getByRole('link', { name: 'dear' }).click();
  await page.waitForURL(/money\?budget=dear&scope=model&subject=smart$/);
  await page.reload();
  await panel.getByText('model smart').waitFor();
  expect(await panel.locator('tbody tr').count()).toBe(1);
  expect(await panel.getAttribute('class')).toContain('chosen');
  await expectAccessible(page);
  // People are in no list: their address names them.
  await page.evaluate("location.hash = '#/money?budget=people&consumer=app&user=ann'");
  await panel.getByText('user app/ann').waitFor();
  await page.evaluate("location.hash = '#/money?budget=gone'");
  await panel.getByText('no such budget').waitFor();
  await panel.getByRole('link', { name: 'all of them' }).click();
  await panel.getByText('consumer app').waitFor();
  expect(complaints).toEqual([]);
}, 60_000);
