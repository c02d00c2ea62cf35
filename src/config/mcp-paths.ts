/** With what MCP servers are asked below `mcp.prefix`: pages ask with OPTIONS first whether they may. */
export const MCP_METHODS: readonly string[] = ['GET', 'POST', 'DELETE', 'OPTIONS'];

/** Before `mcp.prefix`: where clients learn who issues tokens for MCP servers (RFC 9728), if `mcp.resource` says so. */
export const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';
