import { afterAll, expect, it } from 'vitest';
import { aiGateway, chat, hello, rawProvider } from '../helpers/ai.ts';
import { closeBrowser, expectAccessible, testPage } from '../helpers/browser.ts';

afterAll(closeBrowser);

const DAY = 86_400_000;
const ANSWER = JSON.stringify({
  choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 50 },
});

it('money says what the month will come to, and who spent much more than they usually do', async () => {
  let now = Date.now();
  const upstream = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER),
  );
  const prices = { 'p0/gpt-4o-mini': { input: 1000, output: 1000 } };
  const gateway = await aiGateway([upstream], { prices }, {}, { now: () => now });
  const today = now;
  for (const [daysAgo, calls] of [
    [4, 1],
    [3, 1],
    [2, 1],
    [1, 4],
  ] as const) {
    now = today - daysAgo * DAY;
    for (let n = 0; n < calls; n++) expect((await chat(gateway, hello())).status).toBe(200);
  }
  now = today;

  const { page, complaints } = await testPage();
  await page.clock.setFixedTime(today);
  await page.goto(`${gateway.adminUrl}/#/money`);
  await page.getByText('Where it is going').click();
  await page.getByText('when it goes on like this').waitFor();
  // Of four whole days: 0.15, 0.15, 0.15 and 0.6.
  await page.getByText('By the mean of the last 4 whole days').waitFor();
  const unusual = page.getByRole('table', { name: 'Unusual days, by model' }).locator('tbody tr');
  await unusual.first().waitFor();
  expect(await unusual.allInnerTexts()).toEqual([
    `smart\t${new Date(today - DAY).toISOString().slice(0, 10)}\t$0.6000\t$0.1500`,
  ]);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  expect(complaints).toEqual([]);
}, 60_000);
