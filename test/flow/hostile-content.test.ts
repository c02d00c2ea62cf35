import { afterAll, expect, it } from 'vitest';
import { VIEWS } from '../../src/console/app/views/names.ts';
import type { RecordedRequest } from '../../src/contracts/engine.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat } from '../helpers/ai.ts';
import { backend } from '../helpers/backend.ts';
import { closeBrowser, type TestPage, testPage } from '../helpers/browser.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

afterAll(closeBrowser);

/** Runs wherever a text is taken for markup, an attribute, a script, or an address. */
const HOSTILE = `</script></style></textarea>"'><img src=x onerror="hit('img')"><svg onload=hit('svg')><script>hit('script')</script>`;
const HOSTILE_URL = `javascript:hit('url')`;

const recorded = (id: string): RecordedRequest => ({
  id,
  traceId: HOSTILE,
  at: Date.now(),
  method: 'GET',
  path: `/things/${HOSTILE}`,
  status: 502,
  reason: HOSTILE,
  durationMs: 12,
  scope: { route: 'things', target: HOSTILE_URL, consumer: HOSTILE, app: HOSTILE },
  session: HOSTILE,
  user: HOSTILE,
  attempts: [{ upstream: HOSTILE, target: HOSTILE_URL, reason: HOSTILE, endedMs: 1 }],
  retries: 1,
  breaker: HOSTILE,
  fallback: HOSTILE,
  cache: HOSTILE,
  outcome: HOSTILE,
  usd: 0.1,
  tokensIn: 1,
  tokensOut: 1,
  firstTokenMs: 1,
});

/** A page that notes whatever runs that should not, and whatever its policy has to refuse. */
async function watchedPage(): Promise<TestPage & { hits(): Promise<string[]> }> {
  const opened = await testPage();
  const { page } = opened;
  const said: string[] = [];
  await page.exposeFunction('hit', (what: string) => void said.push(what));
  await page.exposeFunction('refused', (what: string) => void said.push(`refused ${what}`));
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (event) => refused(event.violatedDirective + ' ' + event.blockedURI));`,
  );
  page.on('dialog', (dialog) => {
    said.push('dialog');
    void dialog.dismiss();
  });
  return {
    ...opened,
    async hits() {
      // Whatever would have been loaded or run by now has a turn to say so.
      await page.evaluate('new Promise((done) => setTimeout(done, 50))');
      const made = await page.evaluate(
        `[...document.querySelectorAll('img, svg, iframe, object, [onerror], [onload], a[href^="javascript:"], body script:not([src])')]
          .map((node) => node.outerHTML).filter((html) => html.includes('hit('))`,
      );
      return [...said, ...(made as string[])];
    },
  };
}

it('whatever strangers write is text: in every view, the widget and the status page nothing of it runs', async () => {
  const engine = toldEngine({
    requests: () => [recorded('req-1')],
    trafficMap: async () => [
      {
        from: { dimension: 'route', value: HOSTILE },
        to: { dimension: 'target', value: HOSTILE_URL },
        requestsPerSecond: 1,
        errorRate: 0.5,
        p50: 1,
        p95: 2,
        p99: 3,
      },
    ],
    rates: async ({ from }) =>
      Array.from({ length: 5 }, (_, n) => ({ at: from + n * 1000, bad: 1, total: 2 })),
  });
  const gateway = await aiGateway(
    [await knowingProvider()],
    {
      context: { enabled: true },
      hypercare: {
        tick: '1s',
        feedback: {
          origins: ['*'],
          surveys: [{ name: 's', kind: 'csat', question: HOSTILE, share: '100%', every: '1d', after: '0s' }],
        },
      },
    },
    {},
    { engine },
  );
  const headers = { 'x-session-id': 'a session', 'x-user-id': HOSTILE, 'x-client-app': HOSTILE };
  const called = { id: 'call-1', type: 'function', function: { name: HOSTILE, arguments: HOSTILE } };
  const messages = [
    { role: 'user', content: HOSTILE },
    { role: 'assistant', tool_calls: [called] },
    { role: 'tool', tool_call_id: 'call-1', content: HOSTILE },
  ];
  expect((await chat(gateway, { model: 'smart', messages }, headers)).status).toBe(200);
  const change = {
    kind: HOSTILE,
    subject: HOSTILE,
    from: HOSTILE,
    to: HOSTILE,
    at: Date.now(),
    secondsBefore: 1,
    score: 1,
  };
  engine.say(
    'opened',
    detection({
      reason: HOSTILE,
      labels: [HOSTILE],
      where: {
        scopes: [{ target: HOSTILE_URL, consumer: HOSTILE }],
        share: 1,
        normal: [{ dimension: 'app', values: [HOSTILE] }],
      },
      correlates: [change as never],
      cause: { kind: 'config', sentence: HOSTILE, confidence: 1, change: change as never },
      evidence: { bad: [HOSTILE], good: [HOSTILE_URL], events: [HOSTILE] },
      why: { detector: HOSTILE as never, statistic: 1, threshold: 1, baseline: HOSTILE, sentence: HOSTILE },
    }),
  );
  const finding = await eventually(async () => (await admin(gateway, '/api/findings')).body.findings[0]);
  await admin(gateway, `/api/findings/${finding.id}/note`, { body: { text: HOSTILE } });
  await admin(gateway, `/api/findings/${finding.id}/announce`, { body: { text: HOSTILE } });
  const report = { comment: HOSTILE, page: '/', appVersion: HOSTILE.slice(0, 60), requestId: 'req-1' };
  await fetch(`${gateway.url}/v1/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(report),
  });

  const { page, complaints, hits } = await watchedPage();
  const places = [
    ...VIEWS.map(({ id }) => `#/${id}`),
    `#/findings/${finding.id}`,
    '#/requests/req-1',
    '#/sessions?consumer=app',
    `#/sessions?consumer=${encodeURIComponent(HOSTILE)}`,
    '#/sessions/a%20session?consumer=app',
    `#/requests?route=${encodeURIComponent(HOSTILE)}`,
    `#/${encodeURIComponent(HOSTILE)}`,
    `#/config/${encodeURIComponent(HOSTILE)}`,
    `#/money?budget=${encodeURIComponent(HOSTILE)}`,
    `#/upstreams/${encodeURIComponent(HOSTILE)}?target=${encodeURIComponent(HOSTILE_URL)}`,
  ];
  await page.goto(gateway.adminUrl);
  await page.getByText('live', { exact: true }).waitFor();
  const shown: string[] = [];
  for (const place of places) {
    await page.evaluate(`location.hash = ${JSON.stringify(place)}`);
    await page.locator('main h1').waitFor({ state: 'attached' });
    await eventually(async () => (await page.locator('.loading').count()) === 0);
    if ((await page.locator('main').textContent())?.includes(HOSTILE)) shown.push(place);
  }
  expect(await hits()).toEqual([]);
  expect(complaints).toEqual([]);
  // It was there to be read, or nothing would be proven.
  expect(shown).toEqual(
    expect.arrayContaining([
      '#/now',
      '#/requests',
      `#/findings/${finding.id}`,
      '#/sessions/a%20session?consumer=app',
      '#/feedback',
    ]),
  );

  await page.goto(`${gateway.url}/v1/status`);
  expect(await page.locator('li p').textContent()).toBe(HOSTILE);
  const site = await backend((_, response) => {
    response.setHeader('content-type', 'text/html');
    // As strict as a page can be that has the widget.
    response.setHeader(
      'content-security-policy',
      `default-src 'none'; script-src ${gateway.url}; connect-src ${gateway.url}`,
    );
    response.end(
      `<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1><script src="${gateway.url}/v1/feedback/widget.js" data-label="${HOSTILE.replaceAll('"', '&quot;')}" defer></script>`,
    );
  });
  await page.goto(site.url);
  expect(await page.getByRole('button').first().textContent()).toBe(HOSTILE);
  // The survey comes by itself.
  await page.getByRole('heading', { name: 'hit(' }).waitFor();
  expect(await hits()).toEqual([]);
  expect(complaints).toEqual([]);
}, 120_000);
