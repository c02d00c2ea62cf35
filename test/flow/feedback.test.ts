import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import type { RecordedRequest } from '../../src/contracts/engine.ts';
import { admin, expectProblem } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

async function say(gateway: TestGateway, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/v1/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
  return { status: response.status, headers: response.headers, body: (await response.json()) as any };
}

const recorded = (id: string, change: Partial<RecordedRequest> = {}): RecordedRequest => ({
  id,
  traceId: '0'.repeat(32),
  at: Date.now() - 1000,
  method: 'GET',
  path: '/things',
  status: 502,
  reason: 'upstream_5xx',
  durationMs: 12,
  scope: { route: 'things', target: 'b' },
  session: 's1',
  user: '',
  attempts: [{ upstream: 'shop', target: 'b', reason: '502', endedMs: 3 }],
  retries: 0,
  breaker: '',
  fallback: '',
  cache: '',
  outcome: '',
  usd: null,
  tokensIn: null,
  tokensOut: null,
  firstTokenMs: null,
  ...change,
});

it('a report finds its request and its finding, labels it at once, and who gave it hears that it is fixed', async () => {
  const requests = [recorded('req-known')];
  const engine = toldEngine({
    requests: ({ id, session }) =>
      requests.filter((each) => (id ? each.id === id : session ? each.session === session : true)),
  });
  const gateway = await testGateway({ hypercare: { tick: '1s' } }, { engine });
  engine.say('opened', detection());
  const finding = await eventually(async () => (await admin(gateway, '/api/findings')).body.findings[0]);

  const said = await say(gateway, {
    comment: 'The bot forgot what I said',
    requestId: 'req-known',
    session: 's1',
    appVersion: '2.1',
  });
  expect(said).toMatchObject({ status: 202, body: { status: 'received', question: '' } });
  const linked = await eventually(async () => {
    const report = (await admin(gateway, `/api/feedback/${said.body.id}`)).body;
    return report.findings.length > 0 && report;
  });
  expect(linked).toMatchObject({
    labels: ['context-integrity'],
    findings: [finding.id],
    request: { id: 'req-known', how: 'request-id', attempts: [{ target: 'b' }] },
  });
  const told = (await admin(gateway, `/api/findings/${finding.id}`)).body;
  expect(told).toMatchObject({ labels: ['context-integrity'], linked: { feedback: [said.body.id] } });
  expect(engine.heard[0]).toMatchObject({
    kind: 'complaint',
    topic: 'context-integrity',
    requestId: 'req-known',
  });

  const bySession = await say(gateway, { comment: 'It broke', session: 's1', score: 1, kind: 'csat' });
  const joined = await eventually(async () => {
    const report = (await admin(gateway, `/api/feedback/${bySession.body.id}`)).body;
    return report.request && report;
  });
  expect(joined.request.how).toBe('session');

  const status = async () =>
    (await (await fetch(`${gateway.url}/v1/feedback/${said.body.id}`)).json()) as { status: string };
  expect((await status()).status).toBe('known');
  await admin(gateway, `/api/findings/${finding.id}/announce`, {
    body: { text: 'Chats may start over; we are on it.' },
  });
  expect(await (await fetch(`${gateway.url}/v1/status`)).json()).toMatchObject({
    status: 'degraded',
    announcements: [{ text: 'Chats may start over; we are on it.', state: 'investigating' }],
  });
  await admin(gateway, `/api/findings/${finding.id}/resolve`, { body: {} });
  engine.count(finding.id, 0, 1000);
  await eventually(async () => (await status()).status === 'fixed');

  const { body: kpis } = await admin(gateway, '/api/kpis');
  expect(kpis).toMatchObject({ findings: { opened: 1, resolved: 1, open: 0 }, feedback: { reports: 2 } });
  expect((await admin(gateway, '/api/reports/daily')).body).toContain(finding.id);
  expect((await admin(gateway, '/api/reports/handover')).body).toContain('### route things');
  expect((await admin(gateway, '/api/exit')).body).toMatchObject({ verdict: 'insufficient', signed: null });
  // What is not known blocks, whoever wants to sign.
  expectProblem(await admin(gateway, '/api/exit/sign-off', { body: {} }), 409, 'exit_not_passed');
});

it('vague complaints are met by a question; floods, duplicates and hostile texts do no harm', async () => {
  const gateway = await testGateway(
    { hypercare: { tick: '1s', feedback: { origins: ['https://shop.example'], limits: { perAddress: 8 } } } },
    { engine: toldEngine() },
  );
  const vague = await say(gateway, { comment: 'it is slow' }, { origin: 'https://shop.example' });
  expect(vague.body.question).toContain('Which page');
  expect(vague.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  const again = await say(gateway, { comment: 'It  is slow' });
  expect(again.body.id).toBe(vague.body.id);

  const hostile = "<script>alert(1)</script> {{7*7}} ${process.env} '; DROP TABLE x; --";
  const stored = await say(gateway, { comment: hostile, page: '/x"><img src=x>' });
  const { body } = await admin(gateway, `/api/feedback/${stored.body.id}`);
  expect(body).toMatchObject({ comment: hostile, page: '/x', requestId: '', request: null });
  const counted = (await admin(gateway, `/api/feedback/${vague.body.id}`)).body;
  expect(counted.count).toBe(2);

  expect(await say(gateway, { comment: 'x'.repeat(5000) })).toMatchObject({
    status: 400,
    body: { code: 'body_invalid' },
  });
  expect(await say(gateway, 'x'.repeat(100_000))).toMatchObject({ status: 413 });
  expect(await say(gateway, '{')).toMatchObject({ status: 400, body: { code: 'body_malformed' } });
  expect(await say(gateway, { score: 7, kind: 'csat' })).toMatchObject({ status: 400 });
  expect(await say(gateway, {})).toMatchObject({ status: 400 });
  const statuses = await Promise.all(
    Array.from({ length: 12 }, (_, i) => say(gateway, { comment: `flood ${i}`, page: '/a' })),
  );
  expect(statuses.some(({ status }) => status === 429)).toBe(true);
  expect(statuses.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await fetch(`${gateway.url}/v1/feedback/nobody-knows`)).status).toBe(404);

  const widget = await fetch(`${gateway.url}/v1/feedback/widget.js`);
  const script = await widget.text();
  expect(widget.headers.get('content-type')).toContain('text/javascript');
  expect(Buffer.byteLength(script)).toBeLessThan(10_000);
  expect(() => new Function(script)).not.toThrow();
});

it('what several people complain of is one cluster, linked to the finding that it became; whoever said it reads the answer', async () => {
  const engine = toldEngine();
  const gateway = await testGateway({ hypercare: { tick: '1s' } }, { engine });
  const ids: string[] = [];
  for (const session of ['s1', 's2', 's3']) {
    const comment = `The bot forgot what I said, says ${session}`;
    ids.push((await say(gateway, { comment, session, page: '/chat' })).body.id);
  }
  await say(gateway, { comment: 'It is slow', session: 's4', page: '/cart' });
  const clusters = async () => (await admin(gateway, '/api/feedback/clusters')).body;
  const [cluster] = (await clusters()).items;
  expect(cluster).toMatchObject({
    id: ids[0],
    topic: 'context-integrity',
    people: 3,
    said: 3,
    pages: ['/chat'],
    comment: 'The bot forgot what I said, says s3',
    findings: [],
  });
  expect((await clusters()).items).toHaveLength(1);
  const listed = await admin(gateway, `/api/feedback?cluster=${cluster.id}`);
  expect(listed.body.feedback.map(({ id }: { id: string }) => id)).toEqual(ids.toReversed());
  expectProblem(await admin(gateway, '/api/feedback?cluster=none'), 404, 'resource_unknown');

  await eventually(async () => engine.heard.length === 4);
  engine.say(
    'opened',
    detection({
      fingerprint: 'voice',
      detector: 'voice',
      reason: `complaint_${engine.heard[0]?.topic}`,
      where: { scopes: [{}], share: 1, normal: [] },
      when: { since: Date.now() - 60_000, until: null, pattern: 'constant' },
    }),
  );
  const finding = await eventually(async () => (await admin(gateway, '/api/findings')).body.findings[0]);
  const linked = await eventually(async () => {
    const [{ findings }] = (await clusters()).items;
    return findings.length > 0 && findings;
  });
  expect(linked).toMatchObject([{ id: finding.id, title: finding.title, state: 'open' }]);
  // Who says the same afterwards belongs to it, whatever request it was; another complaint does not.
  const late = await say(gateway, { comment: 'It forgot my name', session: 's5' });
  const other = await say(gateway, { comment: 'Wrong price', session: 's6' });
  await eventually(async () => engine.heard.length === 6);
  const of = async (id: string) => (await admin(gateway, `/api/feedback/${id}`)).body;
  expect((await of(late.body.id)).findings).toEqual([finding.id]);
  expect((await of(other.body.id)).findings).toEqual([]);
  expect((await clusters()).items[0]).toMatchObject({ id: ids[0], people: 4 });

  const told = async (id: string) => (await fetch(`${gateway.url}/v1/feedback/${id}`)).json();
  expect(await told(late.body.id)).toMatchObject({ status: 'known', answer: '' });
  const text = 'Say it once more, please.';
  const answered = await admin(gateway, `/api/feedback/${late.body.id}/answer`, { body: { text } });
  expect(answered.body.answer).toMatchObject({ by: 'local', text });
  expect(await told(late.body.id)).toMatchObject({ answer: text });
  await admin(gateway, `/api/feedback/${late.body.id}/answer`, { body: { text: '' } });
  expect(await told(late.body.id)).toMatchObject({ answer: '' });
  expectProblem(
    await admin(gateway, '/api/feedback/none/answer', { body: { text } }),
    404,
    'resource_unknown',
  );
  const audited = (await admin(gateway, '/api/audit')).body.items;
  expect(audited.map(({ action }: { action: string }) => action)).toContain('answerFeedback');
});

it('who may answer and not read what people said gets the answer back, and not the report', async () => {
  const ola = { name: 'ola', token: 'ola-token', rights: ['read', 'write'] };
  const gateway = await testGateway(
    { admin: { tokens: [ola] }, hypercare: { tick: '1s' } },
    { engine: toldEngine() },
  );
  const said = await say(gateway, { comment: 'My card was charged twice', page: '/cart' });
  const path = `/api/feedback/${said.body.id}`;
  expectProblem(await admin(gateway, path, { token: ola.token }), 403, 'not_authorized');
  const answered = await admin(gateway, `${path}/answer`, {
    token: ola.token,
    body: { text: 'We are on it.' },
  });
  expect(answered.body).toEqual({
    id: said.body.id,
    answer: { at: expect.any(Number), by: 'ola', text: 'We are on it.' },
  });
});

it('tickets come in signed and once; an empty secret is no secret', async () => {
  const tickets = [
    { kind: 'github', secret: 'gh' },
    { kind: 'jira', secret: 'ji' },
    { kind: 'zendesk', secret: 'zd' },
  ];
  const gateway = await testGateway(
    { hypercare: { tick: '1s', feedback: { tickets } } },
    { engine: toldEngine() },
  );
  const send = async (kind: string, body: object, headers: Record<string, string>) => {
    const text = JSON.stringify(body);
    const response = await fetch(`${gateway.url}/v1/feedback/tickets/${kind}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: text,
    });
    return {
      status: response.status,
      body: (await response.json()) as { id?: string; code?: string; status?: string },
    };
  };
  const hex = (secret: string, body: object) =>
    `sha256=${createHmac('sha256', secret).update(JSON.stringify(body)).digest('hex')}`;
  const issue = {
    action: 'opened',
    issue: {
      number: 5,
      html_url: 'https://github.com/a/b/issues/5',
      title: 'Cart is slow',
      body: 'Takes 10 seconds',
    },
  };
  const taken = await send('github', issue, { 'x-hub-signature-256': hex('gh', issue) });
  expect(taken.status).toBe(202);
  expect(await send('github', issue, { 'x-hub-signature-256': hex('gh', issue) })).toMatchObject({
    status: 409,
    body: { code: 'webhook_replayed' },
  });
  expect(
    await send('github', { ...issue, action: 'closed' }, { 'x-hub-signature-256': hex('gh', issue) }),
  ).toMatchObject({ status: 401 });
  expect(await send('github', issue, {})).toMatchObject({ status: 401, body: { code: 'signature_invalid' } });
  const jira = {
    webhookEvent: 'jira:issue_created',
    issue: {
      key: 'SUP-1',
      self: 'https://j/1',
      fields: {
        summary: 'Broken',
        description: {
          type: 'doc',
          content: [{ type: 'paragraph', content: [{ type: 'text', text: 'It forgot my order' }] }],
        },
      },
    },
  };
  expect((await send('jira', jira, { 'x-hub-signature': hex('ji', jira) })).status).toBe(202);
  const ticket = {
    type: 'zen:event-type:ticket.created',
    detail: { id: 9, subject: 'Prices', description: 'wrong price' },
  };
  const signed = (time: string) => ({
    'x-zendesk-webhook-signature-timestamp': time,
    'x-zendesk-webhook-signature': createHmac('sha256', 'zd')
      .update(time + JSON.stringify(ticket))
      .digest('base64'),
  });
  expect((await send('zendesk', ticket, signed(new Date(Date.now() - 3_600_000).toISOString()))).status).toBe(
    401,
  );
  expect((await send('zendesk', ticket, signed(new Date().toISOString()))).status).toBe(202);
  const { feedback } = (await admin(gateway, '/api/feedback')).body;
  expect(
    feedback
      .map(({ source, category }: { source: string; category: string }) => `${source} ${category}`)
      .sort(),
  ).toEqual(['github performance', 'jira bug', 'zendesk data']);
  expectProblem(
    await admin(gateway, '/api/revisions', {
      headers: { 'if-match': '*' },
      body: { patch: [{ op: 'replace', path: '/hypercare/feedback/tickets/0/secret', value: '' }] },
    }),
    422,
    'config_invalid',
  );
});

it('an upstream keeps its own /v1/status and /v1/feedback until somebody asks for the gateway’s', async () => {
  const asked: string[] = [];
  const own = await backend((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => response.end('{"own":true}'));
  });
  const config = {
    upstreams: { up: { targets: [{ url: own.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  };
  const gateway = await testGateway(config);
  expect((await say(gateway, { comment: 'for the upstream' })).body).toEqual({ own: true });
  expect(await (await fetch(`${gateway.url}/v1/status`)).json()).toEqual({ own: true });
  expect(asked).toEqual(['POST /v1/feedback', 'GET /v1/status']);

  await gateway.write({ ...config, hypercare: { enabled: false, feedback: { enabled: true } } });
  expect(await gateway.reload()).toBe(true);
  expect((await say(gateway, { comment: 'for the gateway' })).status).toBe(202);
  expect(asked).toHaveLength(2);
});
