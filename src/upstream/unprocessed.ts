/**
 * The other end says that it has not looked at a request (RFC 9113 section 8.7), or the request has not left us: it can be
 * sent anew without harm, whatever its method. The cause says what happened.
 */
export class UnprocessedError extends Error {
  constructor(cause: Error) {
    super('the request was not processed', { cause });
  }
}
