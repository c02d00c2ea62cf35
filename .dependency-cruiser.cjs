/**
 * The layers of the house, from the bottom: imports run downward only.
 * contracts < errors < lib < telemetry < stores < upstream < config < record < context < {proxy, ai, mcp} < hypercare
 * < server < workers < admin < console < data-plane < worker-process < carriers < gateway < demo < cli < main
 */
const LAYERS = [
  ['contracts'],
  ['errors'],
  ['lib'],
  ['telemetry'],
  ['stores'],
  ['upstream'],
  ['config'],
  ['record'],
  ['context'],
  ['proxy', 'ai', 'mcp'],
  ['hypercare'],
  ['server'],
  ['workers'],
  ['admin'],
  ['console'],
  ['data-plane\\.ts'],
  ['worker-process\\.ts'],
  ['carriers\\.ts'],
  ['gateway\\.ts'],
  ['demo'],
  ['cli'],
  ['main\\.ts'],
];
const at = (names) => `^src/(${names.join('|')})(/|$)`;

const layerRules = LAYERS.flatMap((names, i) => {
  const above = LAYERS.slice(i + 1).flat();
  const rules = [];
  if (above.length > 0) {
    rules.push({
      name: `${names[0]}-looks-up`,
      severity: 'error',
      from: { path: at(names) },
      to: { path: at(above) },
    });
  }
  for (const name of names.length > 1 ? names : []) {
    const siblings = names.filter((other) => other !== name);
    rules.push({
      name: `${name}-looks-aside`,
      severity: 'error',
      from: { path: at([name]) },
      to: { path: at(siblings) },
    });
  }
  return rules;
});

module.exports = {
  forbidden: [
    ...layerRules,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'src-never-imports-plugins',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^plugins/' },
    },
    {
      name: 'plugins-see-contracts-and-errors-only',
      severity: 'error',
      from: { path: '^plugins/' },
      to: { path: '^src/', pathNot: '^src/(contracts|errors)/' },
    },
    {
      name: 'plugins-are-strangers',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/' },
      to: { path: '^plugins/', pathNot: '^plugins/$1/' },
    },
    {
      name: 'only-upstream-knows-undici',
      severity: 'error',
      from: { path: '^(src|plugins)/', pathNot: '^src/upstream/' },
      to: { path: 'node_modules/undici/' },
    },
    {
      name: 'only-stores-redis-knows-ioredis',
      severity: 'error',
      from: { path: '^(src|plugins)/', pathNot: '^src/stores/redis/' },
      to: { path: 'node_modules/ioredis/' },
    },
    {
      name: 'only-telemetry-knows-prom-client-and-pino',
      severity: 'error',
      from: { path: '^(src|plugins)/', pathNot: '^src/telemetry/' },
      to: { path: 'node_modules/(prom-client|pino)/' },
    },
    {
      name: 'providers-are-strangers',
      severity: 'error',
      from: { path: '^src/ai/providers/(?!index\\.ts)([^/]+)' },
      to: { path: '^src/ai/providers/', pathNot: '^src/ai/providers/$1' },
    },
    {
      name: 'providers-are-reached-through-their-index',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ai/providers/' },
      to: { path: '^src/ai/providers/', pathNot: '^src/ai/providers/index\\.ts$' },
    },
    {
      name: 'formats-and-dialects-are-strangers',
      severity: 'error',
      from: { path: '^src/ai/(formats|dialects)/([^/]+)/' },
      to: { path: '^src/ai/(formats|dialects)/[^/]+/', pathNot: '^src/ai/$1/$2/' },
    },
    {
      name: 'stages-never-call-one-another',
      severity: 'error',
      from: { path: '^src/ai/stages/' },
      to: { path: '^src/ai/(stages/|pipeline\\.ts)' },
    },
    {
      name: 'src-never-imports-tests',
      severity: 'error',
      from: { path: '^(src|plugins)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      // What the console's page is made of is bundled when it is built.
      from: { path: '^(src|plugins)/', pathNot: '^src/console/(app/|vite\\.config\\.ts$)' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-page-is-a-stranger',
      severity: 'error',
      from: { path: '^src/console/app/' },
      to: { path: '^(src|plugins)/', pathNot: '^src/console/app/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
