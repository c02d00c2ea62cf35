import { linkTo } from './router.ts';

/** Where the console has more of it: `route`, `checkout`. undefined: nowhere. */
export function placeAddress(dimension: string, value: string): string | undefined {
  if (dimension === 'route' || dimension === 'model' || dimension === 'consumer')
    return linkTo(['requests'], { [dimension]: value });
  if (dimension === 'upstream') return linkTo(['upstreams', value]);
  // One of a provider has no URL: `primary/gpt-4o-mini`.
  if (dimension === 'target' && value.includes('://')) return linkTo(['upstreams'], { target: value });
  if (dimension === 'target' || dimension === 'provider') return linkTo(['money'], { by: 'provider' });
  return undefined;
}

/** Of what has changed its state, as `/api/changes` names it. undefined: nowhere. */
export function changeAddress(kind: string, subject: string, to: string): string | undefined {
  const [name = '', target] = subject.split(' ');
  if (kind === 'revision') return linkTo(['config', to]);
  if (kind === 'budget') return linkTo(['money'], { budget: name });
  if (['breaker', 'ejection', 'health', 'panic', 'target'].includes(kind))
    return linkTo(['upstreams', name], { target });
  return undefined;
}
