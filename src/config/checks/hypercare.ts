import { type Check, mustDiffer, mustEnd, mustExist, mustLast } from './context.ts';

/** How often it looks; objectives, the criteria of leaving hypercare, and who may send tickets. */
export const checkHypercare: Check = (config, context) => {
  const tick = config.get('hypercare', 'tick');
  mustLast(tick, 10, context);
  mustEnd(tick, context);
  const objectives = config.get('hypercare', 'objectives').items;
  const names = objectives.map((objective) => objective.get('name'));
  const routes = config.get('routes').items.flatMap((route) => route.get('name').text ?? []);
  mustDiffer(names, 'the objective', context);
  const servers = config.get('mcp', 'servers').keys;
  for (const objective of objectives) {
    const route = objective.get('route');
    if (!isTool(route.text, servers)) mustExist(route, 'route', routes, context);
    mustExist(objective.get('model'), 'model', config.get('ai', 'models').keys, context);
  }
  const known = names.flatMap(({ text }) => text ?? []);
  for (const criterion of config.get('hypercare', 'exit').items) {
    for (const objective of criterion.get('objectives').items)
      mustExist(objective, 'objective', known, context);
  }
  for (const source of config.get('hypercare', 'feedback', 'tickets').items) {
    const secret = source.get('secret');
    if (secret.text === '') context.report(secret, 'must not be empty: anybody could send tickets');
  }
};

/** A tool of an MCP server has objectives as a route has: it is called `mcp/SERVER/TOOL`. Which tools there are only its server knows. */
function isTool(place: string | undefined, servers: readonly string[]): boolean {
  const [mcp, server = '', ...tool] = place?.split('/') ?? [];
  return mcp === 'mcp' && servers.includes(server) && tool.join('/') !== '';
}
