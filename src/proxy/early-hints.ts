import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** Where one link of a list ends and the next begins. */
const BETWEEN_LINKS = /,\s*(?=<)/;

/**
 * Passes a 103 on (RFC 8297): its links, which are what browsers act on. The other fields of an interim answer are about
 * a head that is still to come, and come with it.
 */
export function passEarlyHints(response: ServerResponse, headers: IncomingHttpHeaders): void {
  const { link } = headers;
  if (link === undefined || response.headersSent) return;
  const links = [link].flat().flatMap((value) => value.split(BETWEEN_LINKS));
  try {
    response.writeEarlyHints({ link: links });
  } catch {
    // Node checks the form of a link. A hint that is none helps nobody, and the answer stands without it.
  }
}
