import type { IncomingHttpHeaders } from 'node:http';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { maskSecrets } from '../config/mask.ts';
import type { GatewayConfig } from '../config/schema/index.ts';
import { policySchemas } from '../gateway.ts';
import { type Explained, explainRequest } from '../server/explain.ts';
import { refusedStart } from './refused-start.ts';

/** Prints what would happen to a request. Exit code 0 if a route takes it, 1 if none does, 2 for a bad call or config. */
export async function explainCommand(
  file: string,
  method: string,
  target: string,
  headers: string[],
): Promise<number> {
  const built = await policySchemas();
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig({ file, env: process.env, policies: built });
  } catch (error) {
    return refusedStart(error);
  }
  const parsed = parseHeaders(headers);
  if (typeof parsed === 'string') {
    process.stderr.write(`-H ${JSON.stringify(parsed)}: write it as "name: value"\n`);
    return 2;
  }
  const slots = new Map(Object.entries(built).map(([name, { slot }]) => [name, slot]));
  const explained = explainRequest(loaded.config, slots, {
    method: method.toUpperCase(),
    target,
    headers: parsed,
  });
  process.stdout.write(
    `${render(explained, method.toUpperCase(), target, loaded, new Set(Object.keys(built))).join('\n')}\n`,
  );
  return explained.route ? 0 : 1;
}

/** The headers by lower-case name, or the text that is none. */
function parseHeaders(headers: string[]): IncomingHttpHeaders | string {
  const parsed: IncomingHttpHeaders = {};
  for (const header of headers) {
    const at = header.indexOf(':');
    if (at <= 0) return header;
    parsed[header.slice(0, at).trim().toLowerCase()] = header.slice(at + 1).trim();
  }
  return parsed;
}

function render(
  explained: Explained,
  method: string,
  target: string,
  loaded: LoadedConfig,
  built: Set<string>,
): string[] {
  const { path, route, policies, others, refused, isProbe } = explained;
  const lines = [`${method} ${target}`];
  if (path === null) return [...lines, `  refused before any route is looked for: ${refused}`];
  if (isProbe)
    return [...lines, '  a probe: the gateway answers it itself, on both listeners, before any route'];
  if (!target.startsWith(path)) lines.push(`  read as ${path}`);
  if (!route) lines.push('  no route takes it (404 route_not_found, or 405 if only the method differs)');
  else lines.push(`  route ${route.name}`, ...serving(explained, loaded));
  if (policies.length > 0) lines.push('  policies, in the order in which it passes them:');
  for (const { name, slot, settings } of policies) {
    lines.push(
      `    ${slot.padEnd(9)} ${name} ${JSON.stringify(maskSecrets(settings))}${built.has(name) ? '' : '  (not active in this version)'}`,
    );
  }
  if (route && policies.length === 0) lines.push('  no policies: open to anyone');
  if (others.length > 0) lines.push('  not taken:');
  for (const { name, why } of others) lines.push(`    ${name}: ${why}`);
  return lines;
}

function serving({ route, path }: Explained, { config }: LoadedConfig): string[] {
  if (route === undefined || route.kind === 'feedback') return [];
  if (route.kind === 'ai') return aiNames(config);
  if (route.kind === 'mcp')
    return [`  MCP server ${route.server || Object.keys(config.mcp.servers).sort().join(', ')}`];
  if (route.upstreamPath === null)
    return ['  refused (400 path_invalid): the rewrite makes no canonical path of it'];
  const lines = destinations(route, config);
  const { mirror } = route.config;
  if (mirror) lines.push(`  copies of ${mirror.share * 100} % go to ${upstream(mirror.upstream, config)}`);
  if (route.upstreamPath !== path) lines.push(`  rewritten to ${route.upstreamPath}`);
  return lines;
}

/** What the AI routes lead to. */
function aiNames({ ai: { models, providers } }: GatewayConfig): string[] {
  const names = Object.keys(models);
  const open = Object.entries(providers).flatMap(([name, { passthrough }]) => (passthrough ? [name] : []));
  return [
    ...(names.length > 0 ? [`  models ${names.join(', ')}`] : []),
    ...(open.length > 0 ? [`  providers in their own words ${open.join(', ')}`] : []),
  ];
}

function destinations(
  { config: route, variant }: Extract<Explained['route'], { kind: 'api' }>,
  config: GatewayConfig,
): string[] {
  if (route.split === undefined) return [`  upstream ${upstream(route.upstream ?? '', config)}`];
  if (variant !== undefined) return [`  upstream ${upstream(variant, config)}`, '  chosen by the split'];
  const total = route.split.reduce((sum, { weight }) => sum + weight, 0);
  return [
    `  split, sticky by ${route.sticky.join(', else ')}:`,
    ...route.split.map(
      (part) => `    ${Math.round((part.weight / total) * 1000) / 10} % ${upstream(part.upstream, config)}`,
    ),
  ];
}

/** Its name, how it balances, and its targets. */
function upstream(name: string, config: GatewayConfig): string {
  const { targets = [], balance } = config.upstreams[name] ?? {};
  const how = targets.length > 1 ? ` (${balance})` : '';
  return `${name}${how}: ${targets.map(({ url }) => url).join(', ')}`;
}
