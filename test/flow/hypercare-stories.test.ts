import { expect, test } from 'vitest';
import { shop } from '../../src/demo/stories/shop.ts';
import type { Story } from '../../src/demo/stories/story.ts';
import { supportBot } from '../../src/demo/stories/support-bot.ts';
import { tellStory } from '../../src/demo/stories/tell-story.ts';

/** Every chapter is found with the right place, cause and patch, is proven to be fixed, told and learnt; the figures move. */
async function isToldWhole(story: Story, visitsPerSecond: number): Promise<string> {
  const lines: string[] = [];
  const { chapters, kpis } = await tellStory(story, {
    tickMs: 200,
    visitsPerSecond,
    say: (text) => lines.push(text),
  });
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
  const told = await isToldWhole(shop, 60);
  expect(told).toContain('Revert revision 2');
  expect(told).toContain('Purge the cache of route products');
});

test(
  'the support bot: it forgets, it takes premier customers for anyone, long talks grow slow',
  PATIENT,
  async () => {
    const told = await isToldWhole(supportBot, 24);
    expect(told).toContain('/context/onConflict');
    expect(told).toContain('/context/compaction');
  },
);
