/** Fields by which many frameworks take a POST for another method. */
const OVERRIDES: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
]);

/**
 * The methods that fields ask for beside the request's own, upper case, in either spelling: CGI and its heirs read
 * `X_HTTP_Method` as X-HTTP-Method.
 *
 * @returns undefined if none does
 */
export function askedMethods(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string[] | undefined {
  let methods: string[] | undefined;
  for (const name in headers) {
    if (!name.startsWith('x') || !OVERRIDES.has(name.includes('_') ? name.replaceAll('_', '-') : name))
      continue;
    const asked = String(headers[name]).split(',');
    methods = [...(methods ?? []), ...asked.map((method) => method.trim().toUpperCase())];
  }
  return methods;
}
