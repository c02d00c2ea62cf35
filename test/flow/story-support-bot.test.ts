import { afterAll, expect, test } from 'vitest';
import { supportBot } from '../../src/demo/stories/support-bot.ts';
import { closeBrowser } from '../helpers/browser.ts';
import { picture } from '../helpers/console-on-call.ts';
import { isToldWhole, PATIENT } from '../helpers/told-story.ts';

afterAll(closeBrowser);

test(
  'the support bot: it forgets, it takes premier customers for anyone, long talks grow slow',
  PATIENT,
  async () => {
    const told = await isToldWhole(supportBot, 24, async ({ at }) => {
      const { page } = at;
      await page.keyboard.press('g');
      await page.keyboard.press('s');
      await page.getByLabel('consumer').fill('support-bot');
      await page.keyboard.press('Enter');
      await page.locator('main tbody tr').first().waitFor();
      await picture(at, 'sessions');
      await page.locator('main tbody a').first().click();
      await page.locator('ol.turns > li').first().waitFor();
      await picture(at, 'session');
      await page.keyboard.press('g');
      await page.keyboard.press('m');
      await page.locator('main tbody tr').first().waitFor();
      await page.getByText('Where it is going').click();
      await page.getByText('when it goes on like this').waitFor();
      await picture(at, 'money');
    });
    expect(told).toContain('/context/onConflict');
    expect(told).toContain('/context/compaction');
  },
);
