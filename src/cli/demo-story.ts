import { STORIES } from '../demo/stories/index.ts';
import type { Story } from '../demo/stories/story.ts';
import { tellStory } from '../demo/stories/tell-story.ts';
import { stopAsked } from './until-stopped.ts';

/** Fast enough to be read in one go, slow enough for a busy laptop. */
const TICK_MS = 500;
const VISITS_PER_SECOND = 30;

/** Tells one of the stories to standard output. @returns the exit code */
export async function demoStoryCommand(name: string): Promise<number> {
  const stop = new AbortController();
  void stopAsked().then(() => stop.abort());
  try {
    await tellStory(STORIES[name] as Story, {
      tickMs: TICK_MS,
      visitsPerSecond: VISITS_PER_SECOND,
      signal: stop.signal,
      say: (text) => void process.stdout.write(`${text}\n`),
    });
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
