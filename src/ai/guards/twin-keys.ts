import { GatewayError } from '../../errors/gateway-error.ts';

/** By which is known who says what is in an object. */
const WHO: readonly string[] = ['role', 'type'];

/**
 * Servers in Go take `Role` for `role`, and of both the last: to them somebody else would say it than to guards.
 *
 * @throws GatewayError `body_invalid` that names the second
 */
export function refuseTwins(said: { readonly [key: string]: unknown }): void {
  for (const key of Object.keys(said)) {
    // As long in any case: no letter of them has another form.
    if (key.length !== 4 || WHO.includes(key)) continue;
    const meant = key.toLowerCase();
    if (!WHO.includes(meant) || said[meant] === undefined) continue;
    throw new GatewayError('body_invalid', {
      param: key,
      detail: `${key} differs from the ${meant} beside it by its case alone: write one of them.`,
    });
  }
}
