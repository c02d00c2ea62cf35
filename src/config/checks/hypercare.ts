import { type Check, mustDiffer, mustExist } from './context.ts';

/** Objectives, the criteria of leaving hypercare, and who may send tickets. */
export const checkHypercare: Check = (config, context) => {
  const objectives = config.get('hypercare', 'objectives').items;
  const names = objectives.map((objective) => objective.get('name'));
  const routes = config.get('routes').items.flatMap((route) => route.get('name').text ?? []);
  mustDiffer(names, 'the objective', context);
  for (const objective of objectives) {
    mustExist(objective.get('route'), 'route', routes, context);
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
