import { Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers } from '../openapi.ts';
import { limitOf, PageOf, PageQuery, pageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Pinned = Type.Object({
  server: Type.String(),
  tool: Type.String(),
  sha256: Type.String({ description: 'Of the definition’s canonical form (RFC 8785): what counts.' }),
  definition: Type.Unknown(),
  pinnedAt: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  by: Type.String({ description: 'Who approved it; `gateway`: it was the first that was seen.' }),
  changed: Type.Union([
    Type.Null(),
    Type.Object(
      {
        sha256: Type.String(),
        definition: Type.Unknown(),
        at: Type.Integer(),
        difference: Type.Array(Type.String()),
      },
      { description: 'What the server lists now.' },
    ),
  ]),
});

const SessionShown = Type.Object({
  id: Type.String({ description: 'Tells sessions apart, also in the log; opens none.' }),
  server: Type.String({ description: '"" = all servers together.' }),
  principal: Type.String(),
  openedAt: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  usedAt: Type.Integer({ description: 'To a quarter of a session’s life.' }),
  hosted: Type.Boolean({ description: 'It lives in a process of the gateway, not at the server.' }),
  health: Type.Unsafe<'ok' | 'owner_gone'>({
    type: 'string',
    enum: ['ok', 'owner_gone'],
    description: '`owner_gone`: the process that keeps it does not answer; its next request opens it anew.',
  }),
});

/** Tools of MCP servers and whether they are what they were; sessions of MCP clients. */
export function mcpRoutes(app: AdminApp, { mcp }: Pick<AdminPorts, 'mcp'>): void {
  const tags = ['mcp'];
  app.get(
    '/api/mcp/tools',
    {
      schema: {
        operationId: 'listMcpTools',
        tags,
        summary:
          'Definitions of tools as they are pinned, and how they have changed; all of them, on one page',
        response: answers(PageOf(Pinned)),
      },
    },
    async () => ({
      items: (await mcp.pins.list()).map((pin) => ({
        ...pin,
        changed: pin.changed && { ...pin.changed, difference: [...pin.changed.difference] },
      })),
    }),
  );
  app.post(
    '/api/mcp/tools/approve',
    {
      schema: {
        operationId: 'approveMcpTool',
        tags,
        summary: 'Trusts a tool as it is now: it is in use again',
        body: Type.Object(
          {
            server: Type.String(),
            tool: Type.String(),
            sha256: Type.String({ description: 'Of the changed definition that was looked at.' }),
          },
          { additionalProperties: false },
        ),
        response: answers(Type.Object({ approved: Type.Boolean() })),
      },
    },
    async ({ body: { server, tool, sha256 }, operator, audited }) => {
      Object.assign(audited, { server, tool, sha256 });
      if (await mcp.pins.approve(server, tool, sha256, operator?.name ?? 'local')) return { approved: true };
      throw new GatewayError('resource_unknown', {
        detail: 'There is no such change of this tool (any more).',
      });
    },
  );
  app.get(
    '/api/mcp/sessions',
    {
      schema: {
        operationId: 'listMcpSessions',
        tags,
        summary: 'Sessions of MCP clients, in the order of their ids',
        querystring: PageQuery,
        response: answers(PageOf(SessionShown)),
      },
    },
    async ({ query }) => {
      const limit = limitOf(query);
      const found = await mcp.sessions.list({
        limit: limit + 1,
        ...(query.after !== undefined && { after: query.after }),
      });
      const owners = [...new Set(found.map(({ value }) => value.owner))].filter((owner) => owner !== '');
      const lives = await Promise.all(owners.map((owner) => mcp.replica.isAlive(owner)));
      const gone = new Set(owners.filter((_owner, at) => !lives[at]));
      const shown = found.map(({ id, value: { server, principal, openedAt, usedAt, owner } }) => {
        const health = gone.has(owner) ? ('owner_gone' as const) : ('ok' as const);
        return { id, server, principal, openedAt, usedAt, hosted: owner !== '', health };
      });
      return pageOf(shown, limit, ({ id }) => id);
    },
  );
}
