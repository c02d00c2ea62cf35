import { isMap } from '../path.ts';
import type { PolicyEntry } from '../schema/routes.ts';

interface SecurityScheme {
  type: 'apiKey' | 'http';
  in?: 'header';
  name?: string;
  scheme?: 'basic' | 'bearer';
  bearerFormat?: 'JWT';
}

/** How a caller can say who it is, by the policy that asks for it. */
const SCHEMES: Readonly<Record<string, (settings: unknown) => [string, SecurityScheme]>> = {
  'auth-api-key': (settings) => {
    const name = isMap(settings) && typeof settings.header === 'string' ? settings.header : 'x-api-key';
    return [`auth-api-key.${name}`, { type: 'apiKey', in: 'header', name }];
  },
  'auth-basic': () => ['auth-basic', { type: 'http', scheme: 'basic' }],
  'auth-jwt': () => ['auth-jwt', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }],
};

/** The ways to say who one is that a route asks for, by name. All of them must agree. */
export function securityOf(policies: readonly PolicyEntry[]): Record<string, SecurityScheme> {
  const schemes = policies
    .flatMap((entry) => Object.entries(entry))
    .flatMap(([name, settings]) => (Object.hasOwn(SCHEMES, name) ? [SCHEMES[name]?.(settings)] : []));
  return Object.fromEntries(schemes.filter((scheme) => scheme !== undefined));
}

/** The settings of a policy on a route; undefined if the route has it not. */
export function settingsOf(
  policies: readonly PolicyEntry[],
  name: string,
): Record<string, unknown> | undefined {
  const settings = policies.find((entry) => Object.hasOwn(entry, name))?.[name];
  return isMap(settings) ? settings : undefined;
}
