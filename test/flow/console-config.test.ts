import { readFile } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { closeBrowser, expectAccessible, testPage } from '../helpers/browser.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { shop } from '../helpers/shop.ts';

afterAll(closeBrowser);

/** The console's Config, with the text that serves in its editor. */
async function openConfig({ adminUrl }: { adminUrl: string }) {
  const { page, complaints } = await testPage();
  await page.goto(`${adminUrl}/#/config`);
  const editor = page.getByLabel('Configuration, YAML');
  await page.getByText('revision 1').first().waitFor();
  return { page, complaints, editor, text: await editor.inputValue() };
}

it('a change of the config is tried, refused with its place, applied and taken back', async () => {
  const gateway = await testGateway(await shop());
  const { page, complaints, editor, text } = await openConfig(gateway);

  await editor.fill(text.replace('upstream: shop', 'upstream: shoop'));
  await page.getByRole('button', { name: 'Try' }).click();
  const wrong = page.getByLabel('What is wrong, and where');
  await wrong.getByText('shoop').waitFor();
  await wrong.getByRole('button').first().click();
  // Where it is wrong the caret stands, and the line is marked.
  const line = await editor.evaluate(
    'document.activeElement.value.slice(0, document.activeElement.selectionStart).split("\\n").length',
  );
  expect(await page.locator('.gutter .bad').textContent()).toBe(`${line}\n`);
  await expectAccessible(page);
  await editor.fill(`${text}hyper`);
  // Whoever asks while nobody answers is told so, and asks again.
  await page.route('**/api/config/schema', (route) => route.abort());
  await page.keyboard.press('Control+Space');
  await page.getByRole('alert').getByText('The gateway does not answer').waitFor();
  await page.unroute('**/api/config/schema');
  await page.keyboard.press('Control+Space');
  await page.getByRole('option', { name: 'hypercare' }).waitFor({ state: 'attached' });
  await expectAccessible(page);
  await page.keyboard.press('Enter');
  expect(await editor.inputValue()).toBe(`${text}hypercare:\n  `);
  await page.keyboard.type('ti');
  await page.keyboard.press('Control+Space');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Space');
  await page.getByRole('option', { name: 'unless written' }).click();
  expect(await editor.inputValue()).toBe(`${text}hypercare:\n  tick: 10s`);
  await page.getByLabel('Path').fill('/things/1?x=1');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('its upstream is asked for').getByText('/things/1').waitFor();
  await editor.fill(text.replace('name: shop', 'name: store'));
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('Revision 2 serves').waitFor();
  expect((await admin(gateway, '/api/routes')).body.items).toMatchObject([{ name: 'store' }]);

  // What going back comes to is seen, and tried, before it is done.
  await page.getByRole('region', { name: 'History' }).getByRole('link', { name: 'revision 1' }).click();
  const first = page.getByRole('region', { name: 'Revision 1' });
  await first.locator('ins', { hasText: 'name: shop' }).last().waitFor();
  await first.locator('del', { hasText: 'name: store' }).waitFor();
  await expectAccessible(page);
  const back = first.getByRole('button', { name: 'Go back to it' });
  expect(await back.isDisabled()).toBe(true);
  await first.getByRole('button', { name: 'Try it' }).click();
  await first.getByText('Tried out: it is valid').waitFor();
  expect((await admin(gateway, '/api/config')).body.revision).toBe(2);
  // It would take away what is being written.
  await editor.fill(`${await editor.inputValue()}# to come`);
  await first.getByText('apply or take back your edit first').waitFor();
  expect(await back.isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Take back' }).click();
  await first.getByRole('button', { name: 'Try it' }).click();
  await back.click();

  await page.getByText('Revision 3 serves').waitFor();
  // Its own number is the only one.
  expect(await page.evaluate("getComputedStyle(document.querySelector('.history')).listStyleType")).toBe(
    'none',
  );
  expect((await admin(gateway, '/api/routes')).body.items).toMatchObject([{ name: 'shop' }]);
  expect(complaints).toEqual([]);
}, 60_000);

it('what somebody else applies meanwhile is shown beside an edit, which goes on from there and is not lost', async () => {
  const gateway = await testGateway(await shop());
  const { page, complaints, editor, text } = await openConfig(gateway);
  const apply = async (to: string): Promise<void> => {
    const headers = { 'if-match': '*', 'content-type': 'application/yaml' };
    const response = await fetch(`${gateway.adminUrl}/api/revisions`, { method: 'POST', headers, body: to });
    expect(response.status).toBe(200);
  };

  // Who edits nothing is shown what serves.
  await apply(`${text}# by another\n`);
  await eventually(async () => (await editor.inputValue()).includes('# by another'));
  const mine = (await editor.inputValue()).replace('name: shop', 'name: store');
  await editor.fill(mine);
  await apply(`${text}# by another, again\n`);
  const theirs = page.getByRole('region', { name: 'Somebody else has changed it' });
  await theirs.locator('ins', { hasText: '# by another, again' }).waitFor();
  expect(await editor.inputValue()).toBe(mine);
  await expectAccessible(page);
  await theirs.getByRole('button', { name: 'See my text against revision 3' }).click();
  // Also what it would undo of theirs.
  const would = page.getByRole('region', { name: 'What it would change' });
  await would.locator('ins', { hasText: 'name: store' }).waitFor();
  await would.locator('del', { hasText: '# by another, again' }).waitFor();
  await theirs.waitFor({ state: 'detached' });
  await editor.fill(`${mine.trimEnd()}, again\n`);
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('Revision 4 serves').waitFor();
  const { body } = await admin(gateway, '/api/config');
  expect(body.text).toContain('name: store');
  expect(body.text).toContain('# by another, again');
  expect(complaints).toEqual([]);
}, 60_000);

it('what is applied before the page listens is shown as soon as it does', async () => {
  const gateway = await testGateway(await shop());
  const { page, complaints } = await testPage();
  const opened = Promise.withResolvers<void>();
  await page.route('**/api/events', async (route) => {
    await opened.promise;
    await route.continue();
  });
  await page.goto(`${gateway.adminUrl}/#/config`);
  const editor = page.getByLabel('Configuration, YAML');
  await page.getByText('revision 1').first().waitFor();
  const headers = { 'if-match': '*', 'content-type': 'application/yaml' };
  const body = `${await editor.inputValue()}# by another\n`;
  expect((await fetch(`${gateway.adminUrl}/api/revisions`, { method: 'POST', headers, body })).status).toBe(
    200,
  );

  opened.resolve();

  await eventually(async () => (await editor.inputValue()).includes('# by another'));
  expect(complaints).toEqual([]);
}, 60_000);

it('a config with secrets in it is edited and applied without them being shown', async () => {
  const sha256 = 'ab'.repeat(32);
  const gateway = await testGateway({
    ...(await shop()),
    consumers: [{ name: 'app', keys: [{ id: 'k1', sha256 }] }],
  });
  const { page, complaints, editor, text } = await openConfig(gateway);
  expect(text).toContain('***');

  await editor.fill(text.replace('name: shop', 'name: store'));
  await page.getByRole('button', { name: 'Try' }).click();
  const would = page.getByRole('region', { name: 'What it would change' });
  await would.locator('ins', { hasText: 'name: store' }).waitFor();
  expect(await would.locator('ins, del').count()).toBe(2);
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('Revision 2 serves').waitFor();
  expect(await readFile(gateway.file, 'utf8')).toContain(sha256);
  expect(complaints).toEqual([]);
}, 60_000);

it('one’s own change that serves before its answer has come is nobody else’s', async () => {
  const gateway = await testGateway(await shop());
  const { page, complaints, editor, text } = await openConfig(gateway);
  const answered = Promise.withResolvers<void>();
  await page.route('**/api/revisions?*', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const response = await route.fetch();
    await answered.promise;
    await route.fulfill({ response });
  });
  await editor.fill(`${text}# mine\n`);
  const serves = page.waitForResponse(
    async (response) => response.url().endsWith('/api/config') && (await response.text()).includes('# mine'),
  );
  await page.getByRole('button', { name: 'Apply' }).click();
  await serves;
  await page.getByRole('region', { name: 'History' }).getByRole('link', { name: 'revision 2' }).waitFor();
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  expect(await page.getByRole('alert').count()).toBe(0);
  answered.resolve();
  await page.getByRole('region', { name: 'Revision 2 serves' }).waitFor();
  expect(complaints).toEqual([]);
}, 60_000);

it('a second click applies nothing again, a trial is of the text as it stands, and what is written outlives a look elsewhere', async () => {
  const gateway = await testGateway(await shop());
  const { page, complaints, editor, text } = await openConfig(gateway);
  await editor.fill(`${text}# one\n`);
  await page.getByRole('button', { name: 'Apply' }).dblclick();
  const history = page.getByRole('region', { name: 'History' });
  await history.getByRole('link', { name: 'revision 2' }).waitFor();
  await page.getByText('Revision 2 serves').waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);

  await editor.fill(`${text}# two\n`);
  await page.getByRole('button', { name: 'Try' }).click();
  const would = page.getByRole('region', { name: 'What it would change' });
  await would.locator('ins', { hasText: '# two' }).waitFor();
  await editor.fill(`${text}# three\n`);
  await would.waitFor({ state: 'detached' });

  await page.getByRole('link', { name: 'Findings' }).click();
  await page.getByText('No finding fits.').waitFor();
  await page.goBack();
  await editor.waitFor();
  await eventually(async () => (await editor.inputValue()) === `${text}# three\n`);
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('Revision 3 serves').waitFor();
  // Another goes on from there: it serves no more.
  await admin(gateway, '/api/revisions/1/apply', { method: 'POST', headers: { 'if-match': '*' } });
  await page.getByText('Revision 3 was applied').waitFor();
  expect(complaints).toEqual([]);
}, 60_000);
