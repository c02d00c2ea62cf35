import { type Static, type TSchema, Type } from 'typebox';
import { Ai } from './ai.ts';
import { Consumers } from './consumers.ts';
import { Context } from './context.ts';
import { Hypercare } from './hypercare.ts';
import { Mcp } from './mcp.ts';
import { Route } from './routes.ts';
import { Admin, Log, Server, StoreSection, Telemetry } from './server.ts';
import { Strict } from './units.ts';
import { Upstreams } from './upstreams.ts';

/**
 * The whole configuration. This schema is the one source of the types, the defaults, the validation and of
 * `config/gateway.schema.json`. A key with a default is never missing after loading, so it is not optional here;
 * the generated JSON Schema leaves such keys out of `required`.
 *
 * @param policies the settings schema of each policy that may stand in a `policies` list, by name
 */
export const gatewaySchema = (policies: Readonly<Record<string, TSchema>>) =>
  Strict(
    {
      version: Type.Unsafe<1>({ const: 1, description: 'Version of this format.' }),
      server: Server,
      admin: Admin,
      store: StoreSection,
      log: Log,
      telemetry: Telemetry,
      consumers: Consumers,
      upstreams: Upstreams,
      routes: Type.Array(Route(policies), { default: [] }),
      ai: Ai(policies),
      mcp: Mcp(policies),
      context: Context,
      hypercare: Hypercare,
    },
    { title: 'Hypercare Gateway configuration' },
  );

export type GatewayConfig = Static<ReturnType<typeof gatewaySchema>>;
export type RouteConfig = GatewayConfig['routes'][number];
export type ServerTlsConfig = NonNullable<GatewayConfig['server']['tls']>;
export type AiConfig = GatewayConfig['ai'];
export type McpConfig = GatewayConfig['mcp'];
export type McpServerConfig = McpConfig['servers'][string];
export type ContextConfig = GatewayConfig['context'];
export type ModelConfig = AiConfig['models'][string];
