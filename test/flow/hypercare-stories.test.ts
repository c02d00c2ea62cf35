import { afterAll, expect, test } from 'vitest';
import { shop } from '../../src/demo/stories/shop.ts';
import type { Story } from '../../src/demo/stories/story.ts';
import { supportBot } from '../../src/demo/stories/support-bot.ts';
import { tellStory } from '../../src/demo/stories/tell-story.ts';
import { closeBrowser } from '../helpers/browser.ts';
import { type ConsoleOnCall, consoleOnCall, isThere, picture } from '../helpers/console-on-call.ts';

afterAll(closeBrowser);

/**
 * Every chapter is found with the right place, cause and patch, is proven to be fixed, told and learnt; the figures move.
 * Who is on call has a browser with the console, and nothing else, from the first red to the sign-off.
 * @param look at more of the console, when all is over and still runs
 */
async function isToldWhole(
  story: Story,
  visitsPerSecond: number,
  look: (console: ConsoleOnCall) => Promise<void>,
): Promise<string> {
  const lines: string[] = [];
  let hands: ConsoleOnCall | undefined;
  const { chapters, kpis, exit } = await tellStory(story, {
    tickMs: 200,
    visitsPerSecond,
    onCall: async (adminUrl) => {
      const onCall = await consoleOnCall(adminUrl);
      hands = onCall;
      const signOff = async (): Promise<void> => {
        await onCall.signOff();
        await look(onCall);
      };
      return { ...onCall, signOff };
    },
    say: (text) => lines.push(text),
  });
  expect(hands?.at.complaints).toEqual([]);
  expect(exit).toMatchObject({ verdict: 'pass', signed: { by: 'local' } });
  expect(chapters).toHaveLength(3);
  for (const { chapter, found, resolved, action, learnt, reporterHears, question } of chapters) {
    expect(chapter.causes).toContain(found.cause.kind);
    expect(chapter.actions).toContain(action.kind);
    expect(resolved.verification).toMatchObject({ state: 'fixed' });
    expect(resolved.linked.feedback.length).toBeGreaterThan(0);
    expect(reporterHears).toBe('fixed');
    expect(learnt.fix).toBe(action.title);
    // Who says too little is asked, and nobody else is.
    expect(question !== '').toBe(chapter.complaint.answer !== undefined);
  }
  expect(kpis.findings.resolved).toBeGreaterThanOrEqual(3);
  expect(kpis.meanTimeToDetect).not.toBeNull();
  expect(kpis.meanTimeToResolve).not.toBeNull();
  expect(kpis.actedOnShare).toBeGreaterThan(0);
  return lines.join('\n');
}

// Latencies of real traffic: what is slow is decided on a real machine, and a busy one is slow in other places, too. Then
// the story is told once more.
const PATIENT = { timeout: 400_000, retry: 2 };

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
