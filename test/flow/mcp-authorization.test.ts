import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it, onTestFinished, vi } from 'vitest';
import { testGateway } from '../helpers/gateway.ts';
import { mcpServer } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const ISSUER = 'https://id.example.com';
const PUBLIC = 'https://gateway.example.com';
const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const resource = { url: PUBLIC, authorizationServers: [ISSUER], scopes: ['tools'] };

async function guarded() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  const server = await mcpServer();
  const auth = { issuer: ISSUER, audience: `${PUBLIC}/mcp/all`, jwks: { keys: [jwk] } };
  const gateway = await testGateway({
    mcp: {
      resource,
      policies: [{ 'auth-jwt': auth }],
      servers: { all: { url: server.url, allow: [{ consumers: ['jwt:ada'], tools: ['*'] }] } },
    },
  });
  const token = (aud: string): Promise<string> =>
    new SignJWT({ iss: ISSUER, aud, sub: 'ada' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setExpirationTime('5m')
      .sign(privateKey);
  return { gateway, server, token };
}

it('who has no token is told where tokens come from, for the server that was asked', async () => {
  const { gateway, server } = await guarded();
  for (const [path, known] of [
    ['/mcp/all', '/mcp/all'],
    ['/mcp', '/mcp'],
    // What is there is not told to strangers.
    ['/mcp/unknown', '/mcp/unknown'],
    ['/mcp/a%22b', '/mcp'],
  ] as const) {
    const refused = await fetch(gateway.url + path, { method: 'POST', body: '{}' });
    expect(refused.status, path).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${PUBLIC}${WELL_KNOWN}${known}"`,
    );
    const answer = await fetch(gateway.url + WELL_KNOWN + known);
    expect(await answer.json()).toEqual({
      resource: PUBLIC + known,
      authorization_servers: [ISSUER],
      scopes_supported: ['tools'],
      bearer_methods_supported: ['header'],
    });
  }
  expect((await fetch(`${gateway.url}${WELL_KNOWN}/other`)).status).toBe(404);
  expect(server.seen).toEqual([]);
});

it('a token that is for somebody else opens nothing, and no token goes on to the server', async () => {
  const { gateway, server, token } = await guarded();
  const url = `${gateway.url}/mcp/all`;
  const forOthers = await token('https://other.example.com/mcp');
  const refused = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${forOthers}` },
    body: '{}',
  });
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toBe(
    `Bearer resource_metadata="${PUBLIC}${WELL_KNOWN}/mcp/all", error="invalid_token"`,
  );
  const own = await token(`${PUBLIC}/mcp/all`);
  for (const mode of ['auto', 'legacy'] as const) {
    const client = new Client({ name: 'ada', version: '1' }, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: `Bearer ${own}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    onTestFinished(() => client.close());
    expect((await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).structuredContent).toEqual({
      sum: 3,
    });
  }
  expect(server.seen.length).toBeGreaterThan(2);
  expect(JSON.stringify(server.seen)).not.toContain(own);
});

it('a token for one server opens no other, though the gateway takes tokens for both', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  const server = await mcpServer();
  const audience = [`${PUBLIC}/mcp/weather`, `${PUBLIC}/mcp/ops`, `${PUBLIC}/mcp`, 'the gateway'];
  const of = { url: server.url, allow: [{ consumers: ['jwt:ada'], tools: ['*'] }] };
  const gateway = await testGateway({
    mcp: {
      resource,
      policies: [{ 'auth-jwt': { issuer: ISSUER, audience, jwks: { keys: [jwk] } } }],
      servers: { weather: of, ops: of },
    },
  });
  const statusOf = async (aud: string | string[], path: string): Promise<number> => {
    const token = await new SignJWT({ iss: ISSUER, aud, sub: 'ada' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setExpirationTime('5m')
      .sign(privateKey);
    const answer = await fetch(gateway.url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
      }),
    });
    await answer.text();
    if (answer.status === 401)
      expect(answer.headers.get('www-authenticate')).toContain(`resource_metadata="${PUBLIC}${WELL_KNOWN}`);
    return answer.status;
  };
  const [weather, ops, all] = audience as [string, string, string];
  expect(await statusOf(weather, '/mcp/weather')).toBe(200);
  expect(await statusOf(weather, '/mcp/ops')).toBe(401);
  expect(await statusOf(weather, '/mcp')).toBe(401);
  expect(await statusOf(all, '/mcp')).toBe(200);
  expect(await statusOf(all, '/mcp/ops')).toBe(401);
  expect(await statusOf([weather, ops], '/mcp/ops')).toBe(200);
  expect(await statusOf('the gateway', '/mcp/ops')).toBe(200);
});

it('metadata without anybody who checks the tokens is refused', async () => {
  const config = { mcp: { resource, servers: { all: { url: 'http://127.0.0.1:9/mcp' } } } };
  await expect(testGateway(config)).rejects.toThrow('no auth-jwt in mcp.policies checks them');
  const withPath = { ...config.mcp, resource: { ...resource, url: `${PUBLIC}/mcp` } };
  await expect(testGateway({ mcp: withPath })).rejects.toThrow('is the origin alone');
});
