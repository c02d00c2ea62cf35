import { createServer, type IncomingMessage } from 'node:http';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { expect, it, onTestFinished } from 'vitest';
import { compileSchema } from '../../src/lib/json-schema/compile.ts';
import * as schemas from '../fixtures/channels/schemas.ts';
import { admin } from '../helpers/admin.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

interface Heard {
  path: string;
  method: string;
  headers: IncomingMessage['headers'];
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
  body: any;
}

const SCHEMAS: readonly (readonly [RegExp, object])[] = [
  [/^POST \/pd\/v2\/enqueue$/, schemas.PAGERDUTY],
  [/^POST \/am\/api\/v2\/alerts$/, schemas.ALERTMANAGER],
  [/^POST \/slack\/chat\.postMessage$/, schemas.SLACK],
  [/^POST \/jira\/rest\/api\/3\/issue$/, schemas.JIRA_ISSUE],
  [/^POST \/jira\/rest\/api\/3\/issue\/OPS-7\/comment$/, schemas.JIRA_COMMENT],
  [/^POST \/gh\/repos\/acme\/shop\/issues$/, schemas.GITHUB_ISSUE],
  [/^POST \/gh\/repos\/acme\/shop\/issues\/42\/comments$/, schemas.GITHUB_COMMENT],
  [/^PATCH \/gh\/repos\/acme\/shop\/issues\/42$/, schemas.GITHUB_UPDATE],
  [/^POST \/ce$/, schemas.CLOUDEVENT],
  [/^POST \/hook$/, { type: 'object', required: ['type', 'timestamp', 'data'] }],
];
const ANSWERS: Readonly<Record<string, object>> = {
  '/slack/chat.postMessage': { ok: true, ts: '1503435956.000247' },
  '/jira/rest/api/3/issue': { id: '10007', key: 'OPS-7' },
  '/gh/repos/acme/shop/issues': { number: 42 },
};

/** The vendors: each request is held to what they publish; what does not fit is answered 400. */
async function vendors(
  failing: { left: number } = { left: 0 },
): Promise<{ url: string; heard: Heard[]; wrong: string[] }> {
  const heard: Heard[] = [];
  const wrong: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const path = request.url ?? '';
      const method = request.method ?? '';
      const schema = SCHEMAS.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1];
      const body: unknown = JSON.parse(text);
      const problem = schema ? compileSchema(schema)(body) : 'no such endpoint';
      if (problem) wrong.push(`${method} ${path}: ${problem}`);
      if (failing.left > 0) failing.left--;
      else if (!problem) heard.push({ path, method, headers: request.headers, text, body });
      response.writeHead(problem ? 400 : failing.left > 0 ? 503 : 200, {
        'content-type': 'application/json',
      });
      response.end(JSON.stringify(ANSWERS[path] ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, heard, wrong };
}

async function mailbox(): Promise<{ url: string; mails: string[] }> {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { url: `smtp://127.0.0.1:${(server.server.address() as { port: number }).port}`, mails };
}

const SECRET = `whsec_${Buffer.from('a secret of the ops team, 32 bytes').toString('base64')}`;

it('every channel is told in its vendor’s own format: opened, taken on and fixed, in one thread, ticket or incident', async () => {
  const { url, heard, wrong } = await vendors();
  const { url: smtp, mails } = await mailbox();
  const engine = toldEngine();
  const gateway = await testGateway(
    {
      hypercare: {
        tick: '1s',
        notify: [
          { kind: 'slack', url: `${url}/slack`, token: 'xoxb-1', channel: 'C1' },
          { kind: 'pagerduty', url: `${url}/pd`, routingKey: 'a'.repeat(32) },
          { kind: 'alertmanager', url: `${url}/am` },
          { kind: 'jira', url: `${url}/jira`, user: 'ops@example.com', token: 't', project: 'OPS' },
          { kind: 'github', url: `${url}/gh`, token: 't', repository: 'acme/shop' },
          { kind: 'webhook', url: `${url}/hook`, secret: SECRET, console: 'https://ops.example' },
          { kind: 'cloudevents', url: `${url}/ce` },
          { kind: 'smtp', url: smtp, from: 'gateway@example.com', to: ['ops@example.com'] },
          { kind: 'slack', url: '' },
          { kind: 'webhook', url: `${url}/never`, priorities: ['P4'] },
        ],
      },
    },
    { engine },
  );
  engine.say(
    'opened',
    detection({
      cause: { kind: 'unknown', sentence: 'Somebody <!channel> & @here', confidence: 0.5, change: null },
    }),
  );
  await eventually(() => heard.length >= 7 && mails.length >= 1);
  const { id } = (await admin(gateway, '/api/findings')).body.findings[0];
  await admin(gateway, `/api/findings/${id}/acknowledge`, { method: 'POST' });
  await eventually(() => mails.length >= 2 && heard.length >= 14);
  await admin(gateway, `/api/findings/${id}/resolve`, { body: { note: 'done' } });
  engine.count(id, 0, 1000);
  await eventually(
    () =>
      heard.some(({ method }) => method === 'PATCH') &&
      heard.some(({ text }) => text.includes('finding.resolved')),
  );

  expect(wrong).toEqual([]);
  const of = (path: string): Heard[] => heard.filter((each) => each.path.startsWith(path));
  expect(
    of('/pd')
      .map(({ body }) => body.event_action)
      .filter((each, i, all) => each !== all[i - 1]),
  ).toEqual(expect.arrayContaining(['trigger', 'acknowledge', 'resolve']));
  expect(new Set(of('/pd').map(({ body }) => body.dedup_key))).toEqual(new Set([id]));
  const [first, ...after] = of('/slack');
  expect(first?.body.thread_ts).toBeUndefined();
  expect(first?.text).not.toContain('<!channel>');
  expect(after.length).toBeGreaterThan(0);
  expect(new Set(after.map(({ body }) => body.thread_ts))).toEqual(new Set(['1503435956.000247']));
  expect(of('/jira').filter(({ path }) => path.endsWith('/issue'))).toHaveLength(1);
  expect(of('/gh').at(-1)?.body).toEqual({ state: 'closed', state_reason: 'completed' });
  const [hook] = of('/hook');
  const verified = new Webhook(SECRET).verify(hook?.text ?? '', hook?.headers as Record<string, string>);
  expect(verified).toMatchObject({
    type: 'finding.opened',
    data: { id, link: `https://ops.example/#/findings/${id}` },
  });
  expect(of('/ce')[0]?.headers['content-type']).toBe('application/cloudevents+json');
  expect(mails[0]).toContain('Subject: [P');
  expect(mails[1]).toContain('In-Reply-To:');
  expect(gateway.lines.find(({ msg }) => msg === 'a channel is off')).toMatchObject({ channel: 'slack-9' });
});

it('what is not delivered is tried again until it arrives, and a channel that takes nothing is a finding itself', async () => {
  const failing = { left: 6 };
  const { url, heard } = await vendors(failing);
  const engine = toldEngine();
  const secretPath = 'hook';
  const gateway = await testGateway(
    { hypercare: { tick: '1s', notify: [{ kind: 'webhook', name: 'ops', url: `${url}/${secretPath}` }] } },
    { engine },
  );
  engine.say('opened', detection());
  const dead = await eventually(
    async () =>
      (await admin(gateway, '/api/findings')).body.findings.find(
        (each: { reason: string }) => each.reason === 'ops',
      ),
    60_000,
  );
  expect(dead).toMatchObject({ category: 'integration', detector: 'state', state: 'open' });
  await eventually(() => heard.some(({ body }) => body.data.title.includes('things')), 60_000);
  await eventually(
    async () => (await admin(gateway, `/api/findings/${dead.id}`)).body.state === 'expired',
    30_000,
  );
  expect(JSON.stringify(gateway.lines)).not.toContain(`${url}/${secretPath}`);
}, 120_000);

it('an answer that breaks off is one all the same, and nobody is told twice for it', async () => {
  const heard: Record<string, string[]> = { broken: [], slow: [], slack: [] };
  const server = createServer((request, response) => {
    const name = (request.url ?? '').split('/')[1] ?? '';
    request.resume().on('end', () => {
      heard[name]?.push(String(request.headers['webhook-id']));
      if (name === 'broken') {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      } else if (name === 'slow') setTimeout(() => response.end(), 1500);
      else response.end('null');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const engine = toldEngine();
  const gateway = await testGateway(
    {
      hypercare: {
        tick: '1s',
        notify: [
          { kind: 'webhook', url: `${url}/broken` },
          { kind: 'webhook', url: `${url}/slow` },
          { kind: 'slack', url: `${url}/slack`, token: 'xoxb-1', channel: 'C1' },
        ],
      },
    },
    { engine },
  );
  engine.say('opened', detection());
  await eventually(() => heard.slow?.length);
  const { id } = (await admin(gateway, '/api/findings')).body.findings[0];
  await admin(gateway, `/api/findings/${id}/acknowledge`, { method: 'POST' });
  await eventually(() => [heard.broken, heard.slow].every((ids) => ids && new Set(ids).size >= 2));

  for (const ids of [heard.broken, heard.slow]) expect(ids).toEqual([...new Set(ids)]);
  // Slack has said nothing that means it took it.
  const refusals = gateway.lines.filter(({ msg }) => msg === 'a channel was not told');
  expect(new Set(refusals.map(({ channel }) => channel))).toEqual(new Set(['slack-3']));
}, 30_000);

it('what ends by itself ends its incident, alert and ticket, also while it is muted', async () => {
  const { url, heard, wrong } = await vendors();
  const engine = toldEngine();
  const gateway = await testGateway(
    {
      hypercare: {
        tick: '1s',
        notify: [
          { kind: 'pagerduty', url: `${url}/pd`, routingKey: 'a'.repeat(32) },
          { kind: 'alertmanager', url: `${url}/am` },
          { kind: 'github', url: `${url}/gh`, token: 't', repository: 'acme/shop' },
          { kind: 'webhook', url: `${url}/hook` },
        ],
      },
    },
    { engine },
  );
  const of = (path: string): Heard[] => heard.filter((each) => each.path.startsWith(path));
  engine.say('opened', detection());
  await eventually(() => ['/pd', '/am', '/gh', '/hook'].every((path) => of(path).length > 0));
  const { id } = (await admin(gateway, '/api/findings')).body.findings[0];
  await admin(gateway, `/api/findings/${id}/mute`, { body: { for: '4h', note: 'known' } });
  engine.say('ended', detection());
  await eventually(() => ['/pd', '/am', '/gh', '/hook'].every((path) => of(path).length > 1));
  await eventually(() => heard.some(({ method }) => method === 'PATCH'));

  expect(wrong).toEqual([]);
  expect(of('/pd').map(({ body }) => body.event_action)).toEqual(['trigger', 'resolve']);
  expect(Date.parse(of('/am').at(-1)?.body[0].endsAt)).toBeLessThanOrEqual(Date.now());
  expect(of('/gh').at(-1)?.body).toEqual({ state: 'closed', state_reason: 'not_planned' });
  expect(of('/gh').at(-2)?.text).toContain('it ended while it was muted');
  expect(of('/hook').at(-1)?.body).toMatchObject({ type: 'finding.ended', data: { state: 'expired' } });
});

it('what grows while it is muted is told again, once, also where it was told as open before', async () => {
  const { url, heard, wrong } = await vendors();
  const engine = toldEngine();
  const gateway = await testGateway(
    {
      hypercare: {
        tick: '1s',
        notify: [
          { kind: 'webhook', url: `${url}/hook` },
          { kind: 'pagerduty', url: `${url}/pd`, routingKey: 'a'.repeat(32) },
        ],
      },
    },
    { engine },
  );
  const of = (path: string): Heard[] => heard.filter((each) => each.path.startsWith(path));
  const found = detection();
  engine.say('opened', found);
  await eventually(() => of('/hook').length === 1 && of('/pd').length === 1);
  const { id } = (await admin(gateway, '/api/findings')).body.findings[0];
  await admin(gateway, `/api/findings/${id}/mute`, { body: { for: '4h', note: 'known' } });
  const grown = { ...found.impact, requests: 2.4 * found.impact.requests };
  // Another one is told of after that: the mute has been seen.
  engine.say('opened', detection({ fingerprint: 'errors|errors|route=others|upstream_5xx' }));
  await eventually(() => of('/hook').length === 2 && of('/pd').length === 2);
  engine.say('updated', detection({ impact: grown }));
  await eventually(() => of('/hook').length > 2 && of('/pd').length > 2);
  await admin(gateway, `/api/findings/${id}/acknowledge`, { method: 'POST' });
  await eventually(() => of('/hook').length > 3 && of('/pd').length > 3);

  expect(wrong).toEqual([]);
  const hooks = of('/hook').flatMap(({ body }) => (body.data.id === id ? [body] : []));
  expect(hooks.map(({ type, data }) => [type, data.state])).toEqual([
    ['finding.opened', 'open'],
    ['finding.changed', 'open'],
    ['finding.acknowledged', 'acknowledged'],
  ]);
  const pages = of('/pd').flatMap(({ body }) => (body.dedup_key === id ? [body.event_action] : []));
  expect(pages).toEqual(['trigger', 'trigger', 'acknowledge']);
});

it('to Alertmanager, which forgets, a finding is one alert from its beginning to its end, however it changes', async () => {
  const { url, heard, wrong } = await vendors();
  let passed = 0;
  const now = (): number => Date.now() + passed;
  const engine = toldEngine({}, now);
  const gateway = await testGateway(
    { hypercare: { tick: '1s', notify: [{ kind: 'alertmanager', url: `${url}/am` }] } },
    { engine, now },
  );
  engine.say('opened', detection());
  await eventually(() => heard.length >= 1);
  const { id } = (await admin(gateway, '/api/findings')).body.findings[0];
  const elsewhere = { scopes: [{ route: 'things', target: 'b' }], share: 1, normal: [] };
  engine.say('updated', detection({ where: elsewhere, category: 'data' }));
  passed = 3 * 60_000;
  await eventually(() => heard.length >= 2);
  await admin(gateway, `/api/findings/${id}/resolve`, { body: { note: 'done' } });
  engine.count(id, 0, 1000);
  const alerts = await eventually(() => {
    const all = heard.map(({ body }) => body[0]);
    return all.at(-1).annotations.state === 'resolved' && all;
  });

  expect(wrong).toEqual([]);
  for (const { labels } of alerts)
    expect(labels).toEqual({
      alertname: 'HypercareFinding',
      finding: id,
      detector: 'errors',
      category: 'bug',
      route: 'things',
    });
  const ends = alerts.map(({ endsAt }) => Date.parse(endsAt));
  for (const each of ends.slice(0, -1)) expect(each).toBeGreaterThan(now() + 12 * 3_600_000);
  expect(ends.at(-1)).toBeLessThanOrEqual(now());
});

it('each message has an id of its own, however long the history', async () => {
  const { url, heard } = await vendors();
  const engine = toldEngine();
  const gateway = await testGateway(
    { hypercare: { tick: '1s', notify: [{ kind: 'webhook', url: `${url}/hook` }] } },
    { engine },
  );
  engine.say('opened', detection());
  const { id } = await eventually(async () => (await admin(gateway, '/api/findings')).body.findings[0]);
  for (let i = 0; i < 210; i++) engine.say('ended', detection());
  const isTold = (type: string) => eventually(() => heard.some(({ body }) => body.type === type));
  await eventually(async () => (await admin(gateway, `/api/findings/${id}`)).body.history.length === 200);
  engine.count(id, 0, 1000);
  await isTold('finding.resolved');
  engine.count(id, 120, 1000, Date.now() + 3_600_000);
  await isTold('finding.regressed');

  const ids = heard.map(({ headers }) => headers['webhook-id']);
  expect(ids).toEqual([...new Set(ids)]);
});
