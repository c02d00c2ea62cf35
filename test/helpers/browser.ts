import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

/** Debian's and others' names of the same browser; HYPERCARE_CHROMIUM names another. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export interface TestPage {
  readonly page: Page;
  /** What the page said that it should not have: errors, and what the Content-Security-Policy refused. */
  readonly complaints: string[];
}

let browser: Promise<Browser> | undefined;

async function launch(): Promise<Browser> {
  const executablePath = process.env.HYPERCARE_CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined)
    throw new Error('Chromium is missing: `npm test` installs it, or says how to');
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page of a real browser in a context of its own, closed when the test is over. */
export async function testPage(options: { width?: number; height?: number } = {}): Promise<TestPage> {
  browser ??= launch();
  const context = await (await browser).newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
  });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // An answer that is no 2xx is said by the view itself.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return { page, complaints };
}

/** Ends the browser of this test file. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

/** WCAG 2.2 A and AA, as axe sees them. It is put in past the page's own Content-Security-Policy. */
export async function expectAccessible(page: Page): Promise<void> {
  const { source } = createRequire(import.meta.url)('axe-core') as { source: string };
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    const found = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  });
  expect(violations).toEqual([]);
}
