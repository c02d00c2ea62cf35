import { expect } from 'vitest';
import type { Story } from '../../src/demo/stories/story.ts';
import { tellStory } from '../../src/demo/stories/tell-story.ts';
import { type ConsoleOnCall, consoleOnCall } from './console-on-call.ts';

/**
 * Every chapter is found with the right place, cause and patch, is proven to be fixed, told and learnt; the figures move.
 * Who is on call has a browser with the console, and nothing else, from the first red to the sign-off.
 * @param look at more of the console, when all is over and still runs
 */
export async function isToldWhole(
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
      const onCall = await consoleOnCall(adminUrl, story.name === 'shop');
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

/**
 * Latencies of real traffic: what is slow is decided on a real machine, and a busy one is slow in other places, too. Then
 * the story is told once more.
 */
export const PATIENT = { timeout: 400_000, retry: 2 };
