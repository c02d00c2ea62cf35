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
 * An address from which keys, or where they are, are fetched. Whoever can change what comes from there can make tokens.
 * @param what names it in messages
 * @throws Error that says what is wrong with it
 */
export function checkedUrl(text: string, what: string): string {
  const url = URL.parse(text);
  if (url === null) throw new Error(`${what} is no valid URL`);
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw new Error(`${what}: take out user, password and fragment`);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw new Error(`${what} must be https: only on a loopback address may it be http`);
  return url.href;
}
