import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { VIEWS } from '../../src/console/app/views/names.ts';
import type { TrafficEdge } from '../../src/contracts/engine.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat } from '../helpers/ai.ts';
import { backend } from '../helpers/backend.ts';
import { closeBrowser, expectAccessible, testPage } from '../helpers/browser.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { shop } from '../helpers/shop.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

const BUILT = join(import.meta.dirname, '..', '..', 'src', 'console', 'built');

afterAll(closeBrowser);

it('asks for the token, keeps it for the tab, and shows what the admin API says', async () => {
  const gateway = await testGateway({ ...(await shop()), admin: { token: 'an-operators-token' } });
  const { page, complaints } = await testPage();
  await page.goto(gateway.adminUrl);

  await page.getByLabel('Admin token').fill('a wrong one');
  await page.getByRole('button', { name: 'Enter' }).click();
  await page.getByRole('alert').getByText('does not know this token').waitFor();
  await expectAccessible(page);
  // Whoever mistyped it types again: nothing has to be clicked first.
  await page.keyboard.type('an-operators-token');
  await page.keyboard.press('Enter');

  await page.getByText('live', { exact: true }).waitFor();
  expect(page.url()).not.toContain('an-operators-token');
  await page.reload();
  await page.getByText('live', { exact: true }).waitFor();

  // A bundle that does not come is no bundle: its problem is not to be saved, or printed, as one.
  const problem = { code: 'store_unavailable', detail: 'The store does not answer.' };
  await page.route('**/api/reports/handover', (route) =>
    route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
  );
  await page.keyboard.press('g');
  await page.keyboard.press('x');
  const handover = page.getByRole('region', { name: 'Handover' });
  await handover.getByRole('alert').getByText('The store does not answer.').waitFor();
  expect(await handover.getByRole('button', { name: 'Markdown' }).count()).toBe(0);
  await page.unroute('**/api/reports/handover');
  await handover.getByRole('button', { name: 'Ask again' }).click();
  await handover.getByRole('button', { name: 'Markdown' }).waitFor();
  // On paper it is dark on light, whatever it is on the screen.
  await page.keyboard.press('t');
  await page.getByRole('button', { name: 'Colours: light' }).waitFor();
  await page.keyboard.press('t');
  await page.getByRole('button', { name: 'Colours: dark' }).waitFor();
  const ground = "getComputedStyle(document.querySelector('.panel')).backgroundColor";
  expect(await page.evaluate(ground)).not.toBe('rgb(255, 255, 255)');
  await page.emulateMedia({ media: 'print' });
  expect(await page.evaluate(ground)).toBe('rgb(255, 255, 255)');
  // The handover alone, where that is asked for; all of the view again once it is printed.
  const shown = "[...document.querySelectorAll('.panel')].filter((each) => each.checkVisibility()).length";
  const all = Number(await page.evaluate(shown));
  expect(all).toBeGreaterThan(2);
  await page.emulateMedia({ media: 'screen' });
  await page.evaluate('globalThis.print = () => undefined');
  await handover.getByRole('button', { name: 'Print' }).click();
  await page.emulateMedia({ media: 'print' });
  expect(await page.evaluate(shown)).toBe(1);
  expect(await handover.isVisible()).toBe(true);
  await page.evaluate("dispatchEvent(new Event('afterprint'))");
  expect(await page.evaluate(shown)).toBe(all);
  expect(complaints).toEqual([]);
});

it('what is being typed into a filter stays while the list follows, and narrows it once it is left', async () => {
  const gateway = await testGateway({ hypercare: { tick: '1s' } }, { engine: toldEngine() });
  const { page } = await testPage();
  await page.clock.install();
  await page.goto(`${gateway.adminUrl}/#/requests`);
  await page.getByText('No request is kept yet').waitFor();
  for (const [view, name] of [
    ['requests', 'route'],
    ['findings', 'place'],
  ] as const) {
    await page.evaluate(`location.hash = '#/${view}'`);
    const field = page.getByLabel(name, { exact: true });
    await field.pressSequentially('route=thi');
    const asked = page.waitForResponse((response) => response.url().includes(`/api/${view}`));
    await page.clock.runFor(16_000);
    await (await asked).finished();
    await page.clock.runFor(1_000);
    expect(await field.inputValue()).toBe('route=thi');
    await field.press('Enter');
    await page.waitForURL(/route%3Dthi/);
    expect(await field.inputValue()).toBe('route=thi');
    await page.goBack();
    await eventually(async () => (await field.inputValue()) === '');
  }
});

it('an answer that is slower than the view asks comes all the same', async () => {
  const gateway = await testGateway(await shop());
  const { page } = await testPage();
  let asked = 0;
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/api/upstreams', async (route) => {
    asked++;
    await answered;
    await route.continue();
  });
  await page.clock.install();
  await page.goto(`${gateway.adminUrl}/#/upstreams`);
  await page.getByText('Asking the gateway').waitFor();
  await page.clock.runFor(20_000);
  expect(asked).toBe(1);
  answer();
  await page.getByRole('table', { name: 'Targets of shop' }).waitFor();
  const again = page.waitForResponse('**/api/upstreams');
  await page.clock.runFor(6_000);
  expect((await again).status()).toBe(200);
});

it('what nobody answered while the gateway was away is asked again once it is back', async () => {
  const gateway = await testGateway(await shop());
  const { page, complaints } = await testPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setTimezoneOverride', { timezoneId: 'Asia/Kolkata' });
  await page.goto(gateway.adminUrl);
  await page.getByText('live', { exact: true }).waitFor();
  // The time here stands beside the one in UTC.
  expect(await page.locator('.status').textContent()).toMatch(/\d UTC · \d\d:\d\d:\d\d GMT\+0530/);
  await page.evaluate("location.hash = '#/exit'");
  await page.getByRole('heading', { name: 'Handover' }).waitFor();

  await gateway.close();
  await page.getByText(/^not live since .* UTC/).waitFor();
  await page.evaluate("location.hash = '#/config'");
  const again = page.getByRole('button', { name: 'Ask again' });
  await eventually(async () => (await again.count()) === 2);
  await page.evaluate("location.hash = '#/exit'");
  await eventually(async () => (await again.count()) === 3);
  await testGateway({ ...(await shop()), admin: { listen: new URL(gateway.adminUrl).host } });
  await page.getByText('live', { exact: true }).waitFor();
  await eventually(async () => (await again.count()) === 0);
  await page.getByRole('region', { name: 'Handover' }).getByRole('button', { name: 'Markdown' }).waitFor();
  expect(complaints).toEqual([]);
});

it('each view is accessible in both colours, and the keys go there', async () => {
  const gateway = await testGateway(await shop());
  const { page, complaints } = await testPage();
  await page.goto(gateway.adminUrl);
  await page.getByText('live', { exact: true }).waitFor();

  for (const { title, key } of VIEWS) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.locator(`nav a[aria-current=page]`, { hasText: title }).waitFor();
    // Whoever goes by key, or by ear, is where they went.
    await eventually(async () => (await page.evaluate('document.activeElement.textContent')) === title);
    await eventually(async () => (await page.locator('.loading').count()) === 0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page);
    }
  }
  // On a phone the first two screens need no scrolling to the side.
  await page.setViewportSize({ width: 360, height: 640 });
  for (const key of ['n', 'f']) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await eventually(async () => (await page.locator('.loading').count()) === 0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    // Nor does the bar stay on what is read.
    const bottom =
      "scrollTo(0, 400); document.querySelector('.bar').getBoundingClientRect().bottom + scrollY";
    expect(await page.evaluate(bottom)).toBe(
      await page.evaluate("scrollTo(0, 0); document.querySelector('.bar').getBoundingClientRect().bottom"),
    );
  }
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  // Axe runs through every view twice: minutes on a machine that is busy with other tests.
}, 180_000);

it('nothing comes from elsewhere, nothing inline runs, and all of it weighs less than 150 kB', async () => {
  const gateway = await testGateway(await shop());
  const { status, headers } = await admin(gateway, '/');
  expect(status).toBe(200);
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(headers['x-frame-options']).toBe('DENY');

  const files = await readdir(BUILT, { recursive: true });
  const sizes = await Promise.all(
    files.map(async (file) => {
      const { size } = await stat(join(BUILT, file));
      return /\.\w+$/.test(file) ? size : 0;
    }),
  );
  expect(sizes.reduce((all, size) => all + size, 0)).toBeLessThan(150_000);
});

it('a conversation is found, and each turn says what was sent, cut and recalled, and why', async () => {
  const gateway = await aiGateway([await knowingProvider()], { context: { enabled: true } });
  const say = (content: string) =>
    chat(gateway, { model: 'smart', messages: [{ role: 'user', content }] }, { 'x-session-id': 's1' });
  await say('My account number is 4711.');
  await say('And now?');
  const [turn] = (await admin(gateway, '/api/sessions/s1?consumer=app')).body.turns;
  const correction = { turn: turn.id, text: 'Your account is closed.', reason: 'it is' };
  await admin(gateway, '/api/sessions/s1/corrections?consumer=app', { body: correction });
  const { page, complaints } = await testPage();
  await page.goto(`${gateway.adminUrl}/#/sessions?consumer=app`);
  await page.getByRole('link', { name: 's1', exact: true }).waitFor();
  // When it was last spoken in, too.
  expect(await page.locator('table').textContent()).toMatch(/\d ?\w+ ago/);
  await page.getByRole('link', { name: 's1', exact: true }).click();
  await page.locator('ol.turns > li').nth(2).waitFor();
  const turns = page.locator('ol.turns > li');
  expect(await page.getByText('stands in the place of turn').count()).toBe(1);
  await turns.nth(1).getByText('What was sent, cut and recalled').click();
  const shown = await turns.nth(1).textContent();
  expect(shown).toContain('turns 1');
  expect(shown).toContain('All 1 turns before it fit.');
  // Who has read it, and who corrected it, stands with it; what was read of others does not.
  await admin(gateway, '/api/sessions/s2?consumer=app');
  await page.getByText('Who looked').click();
  const looked = page.getByRole('table', { name: 'Who looked' });
  await looked.getByText('correctSession').waitFor();
  await looked.getByText('local (127.0.0.1)').first().waitFor();
  const about = (await admin(gateway, '/api/audit?consumer=app&session=s1')).body.items;
  expect(about.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(['getSession', 'correctSession', 'getSessionJourney']),
  );
  expect((await admin(gateway, '/api/audit?session=another')).body.items).toEqual([]);
  await expectAccessible(page);
  // What was corrected is no draft any more.
  await turns.nth(1).getByText('Correct the answer').click();
  const [text, reason] = [turns.nth(1).getByLabel('In its place'), turns.nth(1).getByLabel('Why')];
  await text.fill('Now it is open.');
  await reason.fill('it is');
  await turns.nth(1).getByRole('button', { name: 'Correct' }).click();
  await page.getByText('stands in the place of turn').nth(1).waitFor();
  await eventually(async () => (await text.inputValue()) + (await reason.inputValue()) === '');
  expect(complaints).toEqual([]);
}, 60_000);

it('a list of any length is asked for and shown page by page, and counted whole', async () => {
  const line = (n: number, errorRate = 0) => ({
    from: { dimension: 'gateway' as const, value: '' },
    to: { dimension: 'route' as const, value: `route-${n}-with-a-name-that-is-long` },
    requestsPerSecond: 100 - n,
    errorRate,
    p50: 1,
    p95: 2,
    p99: 3,
  });
  const lines = Array.from({ length: 60 }, (_, n) => line(n, n === 59 ? 0.5 : 0));
  const engine = toldEngine({ trafficMap: async () => lines });
  const gateway = await testGateway({ hypercare: { tick: '1s' } }, { engine });
  for (let n = 0; n < 55; n++) engine.say('opened', detection({ fingerprint: `finding ${n}` }));
  const listed = async (query: string) => (await admin(gateway, `/api/findings?${query}`)).body;
  await eventually(async () => (await listed('limit=1')).total === 55);
  const first = await listed('limit=1');
  expect(first.findings).toHaveLength(1);
  expect(Object.values(first.byPriority as Record<string, number>).reduce((sum, n) => sum + n)).toBe(55);
  expect((await admin(gateway, '/api/findings?limit=201')).status).toBe(400);

  const { page, complaints } = await testPage();
  await page.goto(gateway.adminUrl);
  await page.getByRole('link', { name: 'all 55' }).waitFor();
  expect(await page.locator('.finding').count()).toBe(8);
  // What began lies on the timeline among what was changed.
  expect(await page.locator('.timeline .timeline-finding').count()).toBe(8);
  // Of the traffic the busiest, and what is bad however little comes by it.
  const routes = page.locator('.node');
  await routes.last().getByText('route-59').waitFor();
  expect(await routes.count()).toBe(13);
  await page.getByRole('button', { name: '47 more' }).click();
  await eventually(async () => (await routes.count()) === 60);
  await page.getByText('All 60 lines in figures').click();
  const figures = page.getByRole('table', { name: 'Traffic of the last ten minutes' }).locator('tbody tr');
  await eventually(async () => (await figures.count()) === 60);
  await page.setViewportSize({ width: 360, height: 640 });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('link', { name: 'all 55' }).click();
  await page.locator('main tbody tr').nth(49).waitFor();
  await page.getByRole('link', { name: 'Next page' }).click();
  await page.getByRole('link', { name: 'First page' }).waitFor();
  await eventually(async () => (await page.locator('main tbody tr').count()) === 5);
  await expectAccessible(page);
  expect(complaints).toEqual([]);
});

it('what several people say stands above what each says, opens it, and each is answered', async () => {
  const gateway = await testGateway({ hypercare: { tick: '1s' } }, { engine: toldEngine() });
  const say = async (session: string, comment: string): Promise<void> => {
    await fetch(`${gateway.url}/v1/feedback`, {
      method: 'POST',
      body: JSON.stringify({ session, comment, page: '/chat' }),
    });
  };
  for (const session of ['s1', 's2', 's3']) await say(session, `It forgot what I said in ${session}`);
  await say('s4', 'It is slow');
  const { page, complaints } = await testPage();
  await page.goto(`${gateway.adminUrl}/#/feedback`);
  const cluster = page.getByRole('link', { name: 'context-integrity: 3 people' });
  await cluster.waitFor();
  const rows = page.getByRole('table', { name: 'Feedback' }).locator('tbody tr');
  await eventually(async () => (await rows.count()) === 4);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await cluster.click();
  await page.getByRole('heading', { name: 'What these people say' }).waitFor();
  await eventually(async () => (await rows.count()) === 3);
  await page.getByRole('link', { name: 'It forgot what I said in s2' }).click();
  await page.getByLabel('Answer, for whoever reported it').fill('We are on it.');
  await page.getByRole('button', { name: 'Answer' }).click();
  await page.getByText('Answered by local').waitFor();
  await expectAccessible(page);
  expect(complaints).toEqual([]);
}, 60_000);

it('the traffic is a map: who calls whom with rate, errors, latency and breaker, by eye, by ear and by key', async () => {
  const end = (
    dimension: 'route' | 'upstream' | 'target' | 'model' | 'provider' | 'gateway',
    value: string,
  ) => ({
    dimension,
    value,
  });
  const line = (from: ReturnType<typeof end>, to: ReturnType<typeof end>, errorRate = 0): TrafficEdge =>
    ({ from, to, requestsPerSecond: 12, errorRate, p50: 20, p95: 90, p99: 120 }) as TrafficEdge;
  const gatewayEnd = end('gateway', '');
  const [checkout, ai] = [end('route', 'checkout'), end('route', 'ai')];
  const [shop, model, primary] = [
    end('upstream', 'shop'),
    end('model', 'support'),
    end('provider', 'primary'),
  ];
  const { url } = await backend((_request, response) => response.end('a product'));
  const engine = toldEngine({
    trafficMap: async () => [
      line(gatewayEnd, checkout, 0.12),
      line(gatewayEnd, ai),
      line(checkout, shop, 0.12),
      line(shop, end('target', url), 0.12),
      line(ai, model),
      line(model, primary),
      line(primary, end('target', 'primary/gpt-4o-mini')),
    ],
  });
  const gateway = await testGateway(
    {
      hypercare: { tick: '1s', feedback: { enabled: true } },
      upstreams: { shop: { targets: [{ url }] } },
      routes: [{ name: 'checkout', match: { path: '/*' }, upstream: 'shop' }],
    },
    { engine },
  );
  await admin(gateway, '/api/upstreams/shop/breaker', { body: { state: 'open' } });
  const before = Date.now();
  await eventually(async () => Date.now() > before);
  await fetch(`${gateway.url}/v1/feedback`, {
    method: 'POST',
    body: JSON.stringify({ comment: 'I can not pay', session: 's1', page: '/checkout' }),
  });
  // The tick in which it began is over just before the change that it is put down to: it lies on it all the same.
  const breaker = (await admin(gateway, '/api/changes')).body.items[0];
  const change = { ...breaker, secondsBefore: 0, score: 1 };
  const cause = { kind: 'config' as const, sentence: 'The breaker.', confidence: 0.9, change };
  engine.say(
    'opened',
    detection({ cause, when: { since: breaker.at - 5, until: null, pattern: 'constant' } }),
  );
  const { page, complaints } = await testPage();
  await page.goto(gateway.adminUrl);
  const box = (name: string) => page.locator('.node', { has: page.getByRole('link', { name }) });
  await box('upstream shop').getByText('breaker open').waitFor();
  const checkoutBox = (await box('route checkout').textContent()) ?? '';
  for (const said of ['12/s', '12 % errors', 'p95 90 ms', '→ upstream shop: 12/s, 12 % errors'])
    expect(checkoutBox).toContain(said);
  // Whoever is called stands to the right of whoever calls.
  const left = async (name: string): Promise<number> => (await box(name).boundingBox())?.x ?? Number.NaN;
  for (const way of [
    ['route checkout', 'upstream shop', `target ${new URL(url).host}`],
    ['route ai', 'model support', 'provider primary', 'target primary/gpt-4o-mini'],
  ]) {
    const places = await Promise.all(way.map(left));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(way.length);
  }
  expect(await page.locator('.map path').count()).toBe(5);
  expect(await page.locator('.map .line-bad').count()).toBe(2);
  // By key: a box's lines stand out, and it leads to its requests.
  await page.getByRole('link', { name: 'route checkout' }).focus();
  await eventually(async () => (await page.locator('.map .line-near').count()) === 1);
  // What people said lies on the timeline between what was changed and what began.
  const timeline = page.locator('.timeline');
  await timeline.getByRole('link', { name: 'I can not pay' }).waitFor();
  await timeline.getByText('breaker', { exact: true }).waitFor();
  const kinds = await timeline
    .locator('> li')
    .evaluateAll((items) => (items as unknown as { className: string }[]).map(({ className }) => className));
  expect(kinds.slice(0, 3)).toEqual(['timeline-said', 'timeline-finding', '']);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.getByRole('link', { name: 'route checkout' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Requests' }).first().waitFor();
  expect(page.url()).toContain('route=checkout');
  expect(complaints).toEqual([]);
}, 60_000);

it('a finding’s chart is drawn where it is looked at, and what draws it is loaded no sooner', async () => {
  const at = Date.now();
  const engine = toldEngine({
    rates: async () =>
      Array.from({ length: 10 }, (_, n) => ({ at: at - (10 - n) * 10_000, bad: n, total: 20 })),
  });
  const gateway = await testGateway({ hypercare: { tick: '1s' } }, { engine });
  engine.say('opened', detection());
  const { page, complaints } = await testPage();
  const scripts: string[] = [];
  page.on('request', (request) => {
    if (request.resourceType() === 'script') scripts.push(request.url());
  });
  await page.goto(gateway.adminUrl);
  await page.locator('.finding h3 a').waitFor();
  expect(scripts).toHaveLength(1);
  await page.locator('.finding h3 a').click();
  await page.locator('.chart canvas').waitFor();
  expect(scripts).toHaveLength(2);
  // In the colours of the page, not in black: the line of what is bad is red.
  await eventually(() =>
    page.evaluate(`(() => {
      const canvas = document.querySelector('.chart canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.some((red, at) => at % 4 === 0 && red === 179 && data[at + 1] === 20 && data[at + 2] === 28);
    })()`),
  );
  expect(complaints).toEqual([]);
});
