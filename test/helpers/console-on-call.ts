import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { OnCall } from '../../src/demo/stories/story.ts';
import { type TestPage, testPage } from './browser.ts';
import { eventually } from './gateway.ts';

/** Where screenshots go; unset, as in any ordinary run: none are made. */
const PICTURES = process.env.HYPERCARE_PICTURES;

/** Leaves `NAME.png` in the folder that HYPERCARE_PICTURES names. @param part of the page, a CSS selector; absent: what is in sight */
export async function picture({ page }: TestPage, name: string, part?: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  const path = join(PICTURES, `${name}.png`);
  if (part === undefined) await page.screenshot({ path });
  else await page.locator(part).screenshot({ path });
}

/** All that a view asked for is there. */
export const isThere = ({ page }: TestPage): Promise<boolean> =>
  eventually(async () => (await page.locator('.loading').count()) === 0);

export interface ConsoleOnCall extends OnCall {
  readonly at: TestPage;
}

/** How long something may take to appear that the traffic has to prove first. */
const PATIENT = { timeout: 120_000 };

/**
 * Somebody on call who has nothing but the console: sees red on the first screen, opens the finding, reads the patch and how its
 * dry run went, does it, watches the proof, and signs off when the criteria pass.
 * @param isPictured whether these views are left as pictures: of two stories that pass through them one does
 */
export async function consoleOnCall(adminUrl: string, isPictured: boolean): Promise<ConsoleOnCall> {
  const at = await testPage();
  const { page } = at;
  await page.goto(adminUrl);
  await page.getByText('live', { exact: true }).waitFor();
  const press = async (keys: string): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  let chapter = 0;
  return {
    at,
    async act({ id, sentence, linked }, action) {
      chapter++;
      await press('gn');
      await page.locator('.finding').first().waitFor();
      if (isPictured && chapter === 1) {
        await isThere(at);
        await picture(at, 'now');
        await page.locator('.node-bad').first().waitFor();
        await picture(at, 'traffic', '.map');
      }
      // As what to do next, and on the timeline.
      const link = page.locator(`main a[href="#/findings/${id}"]`).first();
      // Eight stand on the first screen; the rest are a click away.
      if ((await link.count()) === 0) await press('gf');
      await link.click();

      await page.locator('.statement').waitFor();
      // Its figures go on; its place doesn't.
      expect(await page.locator('.statement').textContent()).toContain(sentence.split(':', 1)[0]);
      if (linked.feedback.length > 0) await page.getByText('What people said').waitFor();
      // Also where it seems to be over by itself, and is checked already.
      await page
        .getByRole('button', { name: 'I take it' })
        .evaluate((button) => (button as unknown as { click(): void }).click());
      const offered = page.locator('article.action', { has: page.getByText(action.title, { exact: false }) });
      await offered.getByText('Tried out: it is valid').first().waitFor();
      if (action.does.patch.length > 0) await offered.locator('.diff ins, .diff del').first().waitFor();
      if (isPictured && chapter === 1) await picture(at, 'finding');
      await offered.getByRole('button', { name: 'Do it' }).first().click();
      await page.getByRole('heading', { name: 'Did it help?' }).waitFor(PATIENT);
      if (isPictured && chapter === 1) await picture(at, 'verification');
    },
    async proven() {
      // Nobody reloads: the page follows by itself.
      await page.locator('.panel > header .tag', { hasText: /^resolved$/ }).waitFor(PATIENT);
      await page.locator('.panel > header .tag', { hasText: /^fixed$/ }).waitFor(PATIENT);
    },
    async signOff() {
      await press('gx');
      const panel = page.locator('.panel', {
        has: page.getByRole('heading', { name: 'May hypercare end?' }),
      });
      await panel.locator('header .tag', { hasText: /^pass$/ }).waitFor(PATIENT);
      await panel.getByLabel('Note to the sign-off').fill('All of it was proven.');
      await panel.getByRole('button', { name: 'Sign off' }).click();
      await panel.getByText('Signed off by').waitFor();
      if (isPictured) await picture(at, 'way-out');
    },
  };
}
