import type { Readable } from 'node:stream';

/**
 * Says 100 Continue when somebody begins to read the body, and not before (RFC 9110 section 10.1.1): a request that is
 * refused by its head alone gets its answer at once, and its client need not send the body for nothing.
 */
export function continueWhenRead(
  request: Readable,
  response: { readonly headersSent: boolean; writeContinue(): void },
): void {
  const read = request._read;
  request._read = (size) => {
    request._read = read;
    // Behind an answer the rest is only drained.
    if (!response.headersSent) response.writeContinue();
    read.call(request, size);
  };
}
