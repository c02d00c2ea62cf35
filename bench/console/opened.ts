import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** A view, and what is there once it is open. */
export interface View {
  readonly name: string;
  readonly hash: string;
  /** A CSS selector. */
  readonly shows: string;
}

export interface Opened {
  /** Milliseconds from the click in an open console to the frame in which all of the view is there. */
  readonly clicked: number;
  /** The same from the address bar: the page, its scripts, and the view. */
  readonly loaded: number;
}

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PATIENCE_MS = 20_000;
/** Nothing that a view could be told from. */
const ELSEWHERE = '#/nowhere';

export async function browser(): Promise<Browser> {
  const executablePath = process.env.HYPERCARE_CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) throw new Error('Chromium is missing');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

/**
 * A program for the page: milliseconds from a change of the address, or else from the page's own beginning, to the frame after
 * the one in which a view is there: it has been painted by then.
 */
const untilPainted = (shows: string, hash?: string): string => `new Promise((resolve, reject) => {
  const began = ${hash === undefined ? '0' : 'performance.now()'};
  ${hash === undefined ? '' : `location.hash = ${JSON.stringify(hash)};`}
  setTimeout(() => reject(new Error('not there: ' + document.body.innerText.slice(0, 500))), ${PATIENCE_MS});
  const look = () => {
    const isThere = document.querySelector(${JSON.stringify(shows)}) && !document.querySelector('.loading');
    requestAnimationFrame(isThere ? () => resolve(performance.now() - began) : look);
  };
  requestAnimationFrame(look);
})`;

/** Opens a view once each way. */
export async function open(chrome: Browser, adminUrl: string, { hash, shows }: View): Promise<Opened> {
  const context = await chrome.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.goto(`${adminUrl}/${ELSEWHERE}`);
    await page.getByText('live', { exact: true }).waitFor();
    const clicked = (await page.evaluate(untilPainted(shows, hash))) as number;
    await page.goto('about:blank');
    await page.goto(`${adminUrl}/${hash}`, { waitUntil: 'commit' });
    const loaded = (await page.evaluate(untilPainted(shows))) as number;
    return { clicked, loaded };
  } finally {
    await context.close();
  }
}
