import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return (
    host === 'localhost' || (isIP(host) !== 0 && LOOPBACK.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6'))
  );
}

/**
 * The address from which keys are fetched. Whoever can change what comes from there can make tokens.
 * @throws Error that says what is wrong with it
 */
export function checkedJwksUri(text: string): string {
  const url = URL.parse(text);
  if (url === null) throw new Error('auth-jwt.jwksUri is no valid URL');
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw new Error('auth-jwt.jwksUri: take out user, password and fragment');
  if (url.protocol !== 'https:' && !isLoopback(url.hostname))
    throw new Error('auth-jwt.jwksUri must be https: only on a loopback address may it be http');
  return url.href;
}
