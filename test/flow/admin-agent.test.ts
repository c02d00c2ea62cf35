import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RUNBOOKS, runbookOf } from '../../src/admin/agent/runbooks.ts';
import { admin } from '../helpers/admin.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN } from '../helpers/mcp.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const CONFIG = {
  mcp: { servers: { tools: { url: 'http://127.0.0.1:9/mcp' } } },
  admin: {
    tokens: [
      { name: 'oncall', token: 'oncall-token', rights: ['read', 'write'] },
      { name: 'viewer', token: 'viewer-token', rights: ['read'] },
    ],
  },
  upstreams: { shop: { targets: [{ url: 'http://127.0.0.1:9' }] } },
  routes: [{ name: 'shop', match: { path: '/shop/*' }, upstream: 'shop' }],
};
const text = (result: unknown): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';

/** An agent whose person answers questions so; what was asked is kept. */
async function agent(
  gateway: TestGateway,
  { token, says = true, legacy }: { token: string; says?: boolean; legacy: boolean },
) {
  const asked: string[] = [];
  const client = new Client(
    { name: 'on-call', version: '1' },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: legacy ? 'legacy' : 'auto' } },
  );
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push(params.message);
    return { action: 'accept', content: { confirm: says } };
  });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${gateway.adminUrl}/mcp`), { requestInit }),
  );
  onTestFinished(() => client.close());
  const call = async (name: string, input: Record<string, unknown> = {}) =>
    client.callTool({ name, arguments: input });
  return { client, asked, call };
}

describe.each([{ legacy: false }, { legacy: true }])('an agent on call (%j)', ({ legacy }) => {
  it('sees how things are, explains a request, and reads the day and a runbook', async () => {
    const gateway = await testGateway(CONFIG);
    const { client, call } = await agent(gateway, { token: 'viewer-token', legacy });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'get_status',
        'list_changes',
        'query_usage',
        'explain_request',
        'list_mcp_sessions',
        'roll_back',
      ]),
    );
    expect(JSON.parse(text(await call('get_status')))).toMatchObject({ isReady: true });
    expect(
      JSON.parse(text(await call('explain_request', { method: 'get', target: '/shop/1' }))),
    ).toMatchObject({ route: 'shop' });
    expect(
      JSON.parse(text(await call('explain_request', { method: 'post', target: '/mcp/tools' }))),
    ).toMatchObject({ route: 'mcp', server: 'tools' });
    const usage = JSON.parse(text(await call('query_usage', { by: 'model' })));
    expect(usage).toEqual((await admin(gateway, '/api/usage?by=model', { token: 'viewer-token' })).body);
    expect(JSON.parse(text(await call('get_exit')))).toHaveProperty('verdict');
    expect(JSON.parse(text(await call('get_kpis')))).toHaveProperty('availability');
    expect(JSON.parse(text(await call('search_knowledge', { q: 'slow' })))).toEqual({ entries: [] });
    for (const name of ['daily', 'handover']) {
      const { contents } = await client.readResource({ uri: `hypercare://reports/${name}` });
      const { body } = await admin(gateway, `/api/reports/${name}`, { token: 'viewer-token' });
      const [said, api] = [(contents[0] as { text: string }).text, String(body)];
      // The moment at which it was written may differ.
      expect(said.split('\n')[0]).toMatch(/^# /);
      expect(said.replace(/\d+/g, '0')).toBe(api.replace(/\d+/g, '0'));
    }
    const book = await client.readResource({ uri: 'hypercare://runbooks/breaker_open' });
    expect((book.contents[0] as { text: string }).text).toContain('# breaker_open');
    // Each code and detector has its steps, and no step names a tool that is not there.
    const tools = new Set((await client.listTools()).tools.map(({ name }) => name));
    for (const name of RUNBOOKS) {
      const said = runbookOf(name, []) ?? '';
      expect(said).toMatch(/## Look at\n\n1\. [\s\S]+## Do\n\n1\. /);
      for (const [tool] of said.matchAll(
        /\b(list|show|get|query|explain|search|preview|apply|approve|roll)_[a-z_]+\b/g,
      ))
        expect([...tools], `${tool} in ${name}`).toContain(tool);
    }
    await expect(client.readResource({ uri: 'hypercare://runbooks/no_such_thing' })).rejects.toThrow(
      'no runbook',
    );
  });

  it('changes the config once a person has seen the difference and said yes; the audit log says who', async () => {
    const gateway = await testGateway(CONFIG);
    const { call, asked } = await agent(gateway, { token: 'oncall-token', legacy });
    const patch = [{ op: 'add', path: '/routes/0/priority', value: 'high' }];
    expect(text(await call('preview_config_patch', { patch }))).toContain('priority: high');
    expect(gateway.loaded.config.routes[0]?.priority).toBe('normal');
    const applied = await call('apply_config_patch', { patch, note: 'it matters' });
    expect(applied.isError, text(applied)).toBeFalsy();
    expect(asked).toEqual([expect.stringMatching(/Apply this change[\s\S]*\+ .*priority: high/)]);
    expect(gateway.loaded.config.routes[0]?.priority).toBe('high');
    await call('roll_back', { revision: 1 });
    expect(gateway.loaded.config.routes[0]?.priority).toBe('normal');
    const { body } = await admin(gateway, '/api/audit', { token: 'oncall-token' });
    const entries = body.items.map(
      ({ by, action, details }: { by: string; action: string; details: { dryRun?: boolean } }) => [
        by,
        action,
        details.dryRun,
      ],
    );
    expect(entries).toContainEqual(['oncall', 'applyRevision', false]);
    expect(entries).toContainEqual(['oncall', 'rollBack', false]);
  });

  it('has no rights that were taken away after it came', async () => {
    const gateway = await testGateway(CONFIG);
    const { call, asked } = await agent(gateway, { token: 'oncall-token', legacy });
    const take = [{ op: 'replace', path: '/admin/tokens/0/rights', value: ['read'] }];
    expect((await call('apply_config_patch', { patch: take })).isError).toBeFalsy();
    const back = [{ op: 'replace', path: '/admin/tokens/0/rights', value: ['read', 'write'] }];
    const answer = await call('apply_config_patch', { patch: back });
    expect(answer.isError).toBe(true);
    expect(text(answer)).toContain('not_authorized');
    expect(asked).toHaveLength(1);
  });

  it('does nothing when the person says no, or the token may not', async () => {
    const gateway = await testGateway(CONFIG);
    const patch = [{ op: 'add', path: '/routes/0/priority', value: 'low' }];
    const refused = await agent(gateway, { token: 'oncall-token', says: false, legacy });
    expect(text(await refused.call('apply_config_patch', { patch }))).toContain('Nothing was done');
    const viewer = await agent(gateway, { token: 'viewer-token', legacy });
    const answer = await viewer.call('apply_config_patch', { patch });
    expect(answer.isError).toBe(true);
    expect(text(answer)).toContain('not_authorized');
    expect(gateway.loaded.config.routes[0]?.priority).toBe('normal');
  });
});

it('an agent takes a finding on, and has its action done once a person has said yes', async () => {
  const engine = toldEngine();
  const [a, b] = ['http://127.0.0.1:9', 'http://127.0.0.1:10'];
  const gateway = await testGateway(
    {
      ...CONFIG,
      upstreams: { shop: { targets: [{ url: a }, { url: b }] } },
      hypercare: { tick: '1s' },
    },
    { engine },
  );
  engine.say(
    'opened',
    detection({
      where: {
        scopes: [{ route: 'shop', target: b as string }],
        share: 0.96,
        normal: [{ dimension: 'target', values: [a as string] }],
      },
      cause: { kind: 'target', sentence: 'One target fails.', confidence: 0.91, change: null },
    }),
  );
  const refused = await agent(gateway, { token: 'oncall-token', says: false, legacy: true });
  const finding = await eventually(async () => {
    const { findings } = JSON.parse(text(await refused.call('list_findings')));
    return findings[0]?.actions[0]?.dryRun.ok && findings[0];
  });
  const { id } = finding;
  const book = await refused.client.readResource({ uri: 'hypercare://runbooks/errors' });
  expect((book.contents[0] as { text: string }).text).toContain(
    `## Open now\n\n- ${finding.priority} ${id}: `,
  );
  const only = { state: 'active', priority: 'P4', place: 'shop' };
  expect(JSON.parse(text(await refused.call('list_findings', only))).findings).toEqual([]);
  expect(JSON.parse(text(await refused.call('show_finding', { id })))).toMatchObject({ id, state: 'open' });
  expect(text(await refused.call('preview_finding_action', { id, action: 0 }))).toContain('Risk: ');
  await refused.call('acknowledge_finding', { id, note: 'on it' });
  expect(JSON.parse(text(await refused.call('show_finding', { id })))).toMatchObject({
    state: 'acknowledged',
  });
  expect(text(await refused.call('apply_finding_action', { id, action: 0 }))).toContain('Nothing was done');
  expect(refused.asked).toEqual([
    expect.stringMatching(/\/upstreams\/shop\/targets\/1\/weight[\s\S]*Risk: /),
  ]);
  expect(gateway.loaded.config.upstreams.shop?.targets.map(({ weight }) => weight)).toEqual([1, 1]);
  expect((await refused.call('apply_finding_action', { id, action: 99 })).isError).toBe(true);

  const viewer = await agent(gateway, { token: 'viewer-token', legacy: false });
  for (const [name, input] of [
    ['acknowledge_finding', { id }],
    ['apply_finding_action', { id, action: 0 }],
  ] as const)
    expect(text(await viewer.call(name, input))).toContain('not_authorized');

  const agreed = await agent(gateway, { token: 'oncall-token', legacy: false });
  const applied = await agreed.call('apply_finding_action', { id, action: 0 });
  expect(applied.isError, text(applied)).toBeFalsy();
  expect(gateway.loaded.config.upstreams.shop?.targets.map(({ weight }) => weight)).toEqual([1, 0]);
  const { body } = await admin(gateway, '/api/audit', { token: 'oncall-token' });
  const did = body.items.map(({ by, action }: { by: string; action: string }) => `${by} ${action}`);
  expect(did).toEqual(expect.arrayContaining(['oncall acknowledgeFinding', 'oncall applyAction']));
});

it('what one person has said yes to is nobody else’s yes, nor one to anything else', async () => {
  const gateway = await testGateway({
    ...CONFIG,
    admin: {
      tokens: [...CONFIG.admin.tokens, { name: 'other', token: 'other-token', rights: ['read', 'write'] }],
    },
  });
  const [oncall, other] = await Promise.all(
    ['oncall-token', 'other-token'].map((token) => agent(gateway, { token, legacy: false })),
  );
  const patchTo = (priority: string) => [{ op: 'add', path: '/routes/0/priority', value: priority }];
  const ask = (of: typeof oncall, priority: string, more: object = {}) =>
    of?.client.request(
      {
        method: 'tools/call',
        params: { name: 'apply_config_patch', arguments: { patch: patchTo(priority) }, ...more },
      } as never,
      { allowInputRequired: true } as never,
    ) as Promise<Record<string, unknown>>;
  const { requestState } = await ask(oncall, 'high');
  const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } };
  const said = String(requestState);
  const bent = `${said.slice(0, -2)}${said.endsWith('AA') ? 'BB' : 'AA'}`;
  await expect(ask(other, 'high', { requestState, inputResponses })).rejects.toThrow('requestState');
  await expect(ask(oncall, 'high', { requestState: bent, inputResponses })).rejects.toThrow('requestState');
  expect(text(await ask(oncall, 'low', { requestState, inputResponses }))).toContain('Nothing was done');
  expect(gateway.loaded.config.routes[0]?.priority).toBe('normal');
  await ask(oncall, 'high', { requestState, inputResponses });
  expect(gateway.loaded.config.routes[0]?.priority).toBe('high');
});

it('is nobody’s without a token', async () => {
  const gateway = await testGateway(CONFIG);
  const answer = await admin(gateway, '/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'ping' } });
  expect(answer.status).toBe(401);
  const forged = await admin(gateway, '/api/status', { headers: { 'x-inner-call': 'guess' } });
  expect(forged.status).toBe(401);
});

it('a changed tool of an MCP server is approved through the API, and in use again', async () => {
  let description = 'before';
  const upstream = await mcpServer({
    build: () => {
      const server = new McpServer({ name: 's', version: '1' }, { capabilities: { tools: {} } });
      server.registerTool('act', { description }, async () => ({
        content: [{ type: 'text', text: 'done' }],
      }));
      return server;
    },
  });
  const gateway = await testGateway({
    ...CONFIG,
    mcp: { servers: { s: { url: upstream.url, allow: OPEN } } },
  });
  const client = await mcpClient(`${gateway.url}/mcp/s`);
  const names = async () =>
    (await client.listTools(undefined, { cacheMode: 'refresh' })).tools.map(({ name }) => name);
  expect(await names()).toEqual(['act']);
  description = 'after';
  expect(await names()).toEqual([]);
  const listed = await admin(gateway, '/api/mcp/tools', { token: 'viewer-token' });
  expect(listed.body.items).toMatchObject([
    { server: 's', tool: 'act', changed: { difference: ['/description: "before" → "after"'] } },
  ]);
  const { sha256 } = listed.body.items[0].changed;
  const body = { server: 's', tool: 'act', sha256 };
  // Who is asked sees the difference, and nobody is asked about another.
  const no = await agent(gateway, { token: 'oncall-token', says: false, legacy: false });
  const stale = await no.call('approve_mcp_tool', { ...body, sha256: '0'.repeat(64) });
  expect(stale.isError).toBe(true);
  expect(no.asked).toEqual([]);
  expect(text(await no.call('approve_mcp_tool', body))).toContain('Nothing was done');
  expect(no.asked).toEqual([expect.stringContaining('/description: "before" → "after"')]);
  expect(await names()).toEqual([]);
  expect((await admin(gateway, '/api/mcp/tools/approve', { token: 'viewer-token', body })).status).toBe(403);
  expect(
    (
      await admin(gateway, '/api/mcp/tools/approve', {
        token: 'oncall-token',
        body: { ...body, sha256: 'other' },
      })
    ).status,
  ).toBe(404);
  expect((await admin(gateway, '/api/mcp/tools/approve', { token: 'oncall-token', body })).status).toBe(200);
  expect(await names()).toEqual(['act']);
  await mcpClient(`${gateway.url}/mcp/s`, { legacy: true });
  const sessions = await admin(gateway, '/api/mcp/sessions', { token: 'viewer-token' });
  expect(sessions.body.items).toMatchObject([
    { server: 's', principal: 'anonymous', hosted: false, health: 'ok' },
  ]);
});
