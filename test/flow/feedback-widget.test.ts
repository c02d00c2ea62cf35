import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { closeBrowser, expectAccessible, testPage } from '../helpers/browser.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

afterAll(closeBrowser);

/** What the widget has left in its browser. */
const kept = (page: Page): Promise<string> => page.evaluate('Object.keys(localStorage).join()');

/** Another site with the widget in its page. */
const aShop = (gatewayUrl: string) =>
  backend((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><html lang="en"><title>A shop</title><main><h1>A shop</h1></main><script src="${gatewayUrl}/v1/feedback/widget.js" defer></script>`,
    );
  });

it('the widget: by keyboard, in both colours, on a phone, and without a network', async () => {
  const engine = toldEngine();
  const gateway = await testGateway({ hypercare: { tick: '1s', feedback: { origins: ['*'] } } }, { engine });
  const site = await backend((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A shop</title><main><h1>A shop</h1></main>
       <script src="${gateway.url}/v1/feedback/widget.js" data-session="visit-1" data-app-version="2.1" defer></script>`,
    );
  });
  const { page, complaints } = await testPage({ width: 360, height: 640 });
  await page.goto(site.url);
  const opener = page.getByRole('button', { name: 'Feedback' });
  await opener.waitFor();
  const dialog = page.getByRole('dialog');

  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await dialog.waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  // All of it is on a small screen.
  expect(await dialog.boundingBox()).toMatchObject({ width: 328 });
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  // Whoever closes it is where they were.
  await page.keyboard.press('Enter');
  await page.keyboard.type('It is slow');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await dialog.getByText('One more thing would help').waitFor();
  await page.keyboard.type('The page of the oak lamp, just now.');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await dialog.getByText('Thank you.', { exact: true }).waitFor();
  await page.keyboard.press('Escape');

  await page.context().setOffline(true);
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: '2 of 5' }).press('Enter');
  await page.getByLabel('What happened?').fill('And now nothing comes.');
  await dialog.getByRole('button', { name: 'Send' }).press('Enter');
  await dialog.getByText('as soon as you are online').waitFor();
  const said = async (): Promise<{ comment: string; score: number | null }[]> =>
    (await admin(gateway, '/api/feedback')).body.feedback;
  expect(await said()).toHaveLength(2);
  await page.context().setOffline(false);
  await eventually(async () => (await said()).length === 3);
  expect((await said())[0]).toMatchObject({
    comment: 'And now nothing comes.',
    score: 2,
    source: 'widget',
    appVersion: '2.1',
  });
  // A network that is away is no error of the page.
  expect(complaints.filter((line) => !line.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);

  // What the team answers is read on the next page, once.
  const { id } = (await admin(gateway, '/api/feedback')).body.feedback[0];
  await admin(gateway, `/api/feedback/${id}/answer`, { body: { text: 'The lamp is back.' } });
  await page.reload();
  await dialog.getByText('The lamp is back.').waitFor();
  const asked = page.waitForResponse((response) => response.url().endsWith(id));
  await page.reload();
  await asked;
  await opener.waitFor();
  expect(await dialog.isVisible()).toBe(false);

  engine.say('opened', detection());
  const finding = await eventually(async () => (await admin(gateway, '/api/findings')).body.findings[0]);
  const announced = { body: { text: 'The checkout is slow; we are on it.' } };
  await admin(gateway, `/api/findings/${finding.id}/announce`, announced);
  // Who is about to report it reads that it is known.
  await page.goto(site.url);
  const known = dialog.getByText('We know: The checkout is slow; we are on it.');
  // The store is asked every five seconds at most, and the dialog when it opens.
  await eventually(async () => {
    await page.keyboard.press('Escape');
    await opener.press('Enter');
    await known.waitFor({ timeout: 500 }).catch(() => undefined);
    return known.isVisible();
  }, 60_000);
  await expectAccessible(page);
  await page.goto(`${gateway.url}/v1/status`);
  await page.getByText('The checkout is slow; we are on it.').waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
}, 120_000);

it('the widget: what is said while something else is on its way is sent once and is not lost; what is refused is said to be', async () => {
  const gateway = await testGateway(
    { hypercare: { tick: '1s', feedback: { origins: ['*'] } } },
    { engine: toldEngine() },
  );
  const site = await aShop(gateway.url);
  const { page } = await testPage();
  const said: string[] = [];
  let isHeld = true;
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/v1/feedback', async (route) => {
    if (route.request().method() === 'POST') said.push(route.request().postDataJSON().comment);
    if (isHeld) await released;
    await route.continue();
  });
  await page.goto(site.url);
  await page.getByRole('button', { name: 'Feedback' }).waitFor();
  await page.evaluate(
    "void hypercareFeedback.send({ comment: 'The first' }); void hypercareFeedback.send({ comment: 'The second' })",
  );
  await eventually(() => said.length > 0);
  isHeld = false;
  release();
  await eventually(async () => (await admin(gateway, '/api/feedback')).body.feedback.length === 2);
  expect(said).toEqual(['The first', 'The second']);

  await page.evaluate('hypercareFeedback.open()');
  await page.getByLabel('What happened?').fill('Too much of it');
  await page.route('**/v1/feedback', (route) =>
    route.fulfill({ status: 400, headers: { 'access-control-allow-origin': '*' }, body: '{}' }),
  );
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Sorry, it was refused.').waitFor();
  // What they wrote is still theirs.
  expect(await page.getByLabel('What happened?').inputValue()).toBe('Too much of it');
});

it('the widget: of two tabs that wait for a network none loses what the other keeps, each thing comes once, and nothing after a week', async () => {
  const gateway = await testGateway(
    { hypercare: { tick: '1s', feedback: { origins: ['*'] } } },
    { engine: toldEngine() },
  );
  const site = await aShop(gateway.url);
  const { page: one } = await testPage();
  const context = one.context();
  const two = await context.newPage();
  for (const page of [one, two]) {
    await page.goto(site.url);
    await page.getByRole('button', { name: 'Feedback' }).waitFor();
  }
  await context.setOffline(true);
  const old = `hypercare-feedback-${Date.now() - 8 * 86_400_000}-1`;
  await one.evaluate(`localStorage.setItem('${old}', JSON.stringify({ comment: 'Long ago', session: 's' }))`);
  const say = (comment: string) => `hypercareFeedback.send({ comment: '${comment}' })`;
  await one.evaluate(say('From the first'));
  await two.evaluate(say('From the second'));
  await one.evaluate(say('From the first again'));
  // Whoever closes one of them takes nothing with it.
  await two.close();
  const three = await context.newPage();
  const posted: string[] = [];
  context.on('request', (request) => {
    if (request.method() === 'POST') posted.push(request.postDataJSON().comment);
  });
  await context.setOffline(false);
  await three.goto(site.url);
  await eventually(async () => (await admin(gateway, '/api/feedback')).body.feedback.length === 3);
  await eventually(async () => (await kept(one)) === 'hypercare-feedback');
  // What one tab has dropped another may still see for a moment, and send: the gateway has it once.
  expect([...new Set(posted)]).toEqual(['From the first', 'From the second', 'From the first again']);
  // Who hears what became of them hears it of all three, and of what is said twice once.
  await one.evaluate(say('From the first'));
  const sent: string[] = JSON.parse(await one.evaluate("localStorage['hypercare-feedback']")).sent;
  const ids = (await admin(gateway, '/api/feedback')).body.feedback.map(({ id }: { id: string }) => id);
  expect(sent.toSorted()).toEqual(ids.toSorted());
  expect(ids).toHaveLength(3);
}, 60_000);

it('the widget: a page whose origin is not named is told so, and waits for nothing', async () => {
  const gateway = await testGateway({ hypercare: { tick: '1s' } }, { engine: toldEngine() });
  const site = await aShop(gateway.url);
  const { page } = await testPage();
  await page.goto(site.url);
  await page.getByRole('button', { name: 'Feedback' }).click();
  await page.getByLabel('What happened?').fill('It is slow');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Sorry, this page may not send feedback.').waitFor();
  expect(await page.getByLabel('What happened?').inputValue()).toBe('It is slow');
  expect(await kept(page)).not.toContain('feedback-');
  expect((await admin(gateway, '/api/feedback')).body.feedback).toEqual([]);
  await expectAccessible(page);

  // One that nobody answers is no refusal: it is kept.
  await page.route('**/v1/feedback**', (route) => route.abort());
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('this page tries again, for a week').waitFor();
  expect(await kept(page)).toContain('feedback-');
});
