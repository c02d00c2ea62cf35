import { afterAll, expect, it, onTestFinished } from 'vitest';
import { closeBrowser, expectAccessible, testPage } from '../helpers/browser.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { unreliableLine } from '../helpers/unreliable-line.ts';

afterAll(closeBrowser);

it('a connection that has died without a word is not called live: it is said since when, and made anew', async () => {
  const gateway = await testGateway({});
  const line = await unreliableLine(Number(new URL(gateway.adminUrl).port));
  onTestFinished(() => line.close());
  const { page, complaints } = await testPage();
  await page.clock.install();
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/api/events')) asked.push(request.url());
  });
  await page.goto(`http://127.0.0.1:${line.port}/#/config`);
  await page.getByText('live', { exact: true }).waitFor();

  line.losesAnswers = true;
  await page.clock.runFor(15_000);
  expect(await page.getByRole('status').first().textContent()).toBe('live');
  await page.clock.runFor(25_000);
  await page.getByText(/^not live since .* UTC/).waitFor();
  await expectAccessible(page);
  // Whoever does not answer the next time, either, is left after the same while.
  await page.clock.runFor(1_000);
  await eventually(() => asked.length === 2);
  line.losesAnswers = false;
  await page.clock.runFor(40_000);
  await page.clock.runFor(10_000);
  await page.getByText('live', { exact: true }).waitFor();
  expect(asked.length).toBeGreaterThan(2);
  expect(complaints).toEqual([]);
}, 60_000);

it('times are in UTC, or as one’s own clock shows them: by button or key, on a phone, and the next time', async () => {
  const gateway = await testGateway({});
  const { page, complaints } = await testPage({ width: 360, height: 640 });
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setTimezoneOverride', { timezoneId: 'Asia/Kolkata' });
  await page.goto(gateway.adminUrl);
  const began = page.locator('.timeline time').first();
  await began.waitFor();
  const at = new Date((await began.getAttribute('datetime')) ?? '');
  const utc = at.toISOString().slice(11, 19);
  const there = new Date(at.getTime() + 5.5 * 3_600_000).toISOString().slice(11, 19);
  expect(await began.innerText()).toContain(`${utc} UTC`);

  await page.getByRole('button', { name: 'Times: UTC. Change' }).click();
  expect(await began.innerText()).toContain(`${there} GMT+0530`);
  expect(await began.innerText()).not.toContain('UTC');
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  await expectAccessible(page);
  await page.reload();
  await began.waitFor();
  expect(await began.innerText()).toContain(`${there} GMT+0530`);
  await page.keyboard.press('z');
  await eventually(async () => (await began.innerText()).includes(`${utc} UTC`));
  expect(complaints).toEqual([]);
});
