import { feedbackTaker } from '../serves-feedback.ts';
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
  const feedback = config.get('hypercare', 'feedback');
  const isSetUp = ['origins', 'surveys', 'tickets'].some((key) => feedback.get(key).items.length > 0);
  const enabled = feedback.get('enabled').value;
  const taker = feedbackTaker(config.value)?.get('name').text;
  if (taker !== undefined && (enabled ?? isSetUp) === true)
    context.warn(
      feedback,
      `is not served: the route ${taker} takes /v1/feedback or /v1/status; ${enabled ? 'give it another path' : 'enabled: true puts it before that route'}`,
    );
  for (const source of feedback.get('tickets').items) {
    const secret = source.get('secret');
    if (secret.text === '') context.report(secret, 'must not be empty: anybody could send tickets');
  }
};

/** A tool of an MCP server has objectives as a route has: it is called `mcp/SERVER/TOOL`. Which tools there are only its server knows. */
function isTool(place: string | undefined, servers: readonly string[]): boolean {
  const [mcp, server = '', ...tool] = place?.split('/') ?? [];
  return mcp === 'mcp' && servers.includes(server) && tool.join('/') !== '';
}
