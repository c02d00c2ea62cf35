import type { Subject } from '../harness/suite.ts';

/** Each start of the gateway takes a second or two: of its variants the full one stands for all. */
const VARIANTS = /^gateway, (no policy|access log|among .*|full, engine off)$/;

/**
 * Whom the smoke run leaves out: variants of ours, and peers that are here, which are no part of CI and take long to start.
 * Who is not here stays, so that the suites are seen to do without.
 */
export function leftOutOfSmoke(peers: readonly Subject[]): (subject: string) => boolean {
  const here = new Set(peers.filter((peer) => peer.missing() === null).map(({ name }) => name));
  return (subject) => VARIANTS.test(subject) || here.has(subject);
}
