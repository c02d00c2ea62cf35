import { Part } from './part.ts';

/** Whether there are AI routes: where there are models, or a provider in its own words. @param ai that of a config */
export function servesAi(ai: unknown): boolean {
  const part = new Part(ai);
  const isOpen = part
    .get('providers')
    .entries.some(([, provider]) => provider.get('passthrough').value === true);
  return isOpen || part.get('models').keys.length > 0;
}
