import { describe, expect, it } from 'vitest';
import { failureBeforeAnswer, failureInAnswer } from '../../../src/upstream/failure.ts';

const coded = (code: string, cause?: unknown): Error => Object.assign(new Error(code, { cause }), { code });

describe('before the answer', () => {
  it.each([
    ['ECONNREFUSED', 'upstream_connect'],
    ['UND_ERR_CONNECT_TIMEOUT', 'upstream_connect'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'upstream_connect'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'upstream_connect'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'upstream_connect'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'upstream_connect'],
    ['CERT_NOT_YET_VALID', 'upstream_connect'],
    ['CERT_REVOKED', 'upstream_connect'],
    ['HOSTNAME_MISMATCH', 'upstream_connect'],
    ['EMFILE', 'gateway_exhausted'],
    ['ENFILE', 'gateway_exhausted'],
    ['UND_ERR_SOCKET', 'upstream_reset'],
    ['UND_ERR_HEADERS_TIMEOUT', 'upstream_timeout'],
    ['UND_ERR_HEADERS_OVERFLOW', 'upstream_invalid'],
    ['toString', 'upstream_reset'],
    ['SOMETHING_NEW', 'upstream_reset'],
  ])('%s is %s', (code, row) => {
    expect(failureBeforeAnswer(coded(code))).toBe(row);
    expect(failureBeforeAnswer(coded('FST_WRAPPED', coded(code)))).toBe(row);
    expect(failureBeforeAnswer(new AggregateError([coded(code)]))).toBe(row);
  });

  it('what is no HTTP is known by its name', () => {
    expect(failureBeforeAnswer(Object.assign(new Error('x'), { name: 'HTTPParserError' }))).toBe(
      'upstream_invalid',
    );
  });

  it('what is no error at all, or one that causes itself, does no harm', () => {
    const circle = new Error('circle');
    circle.cause = circle;
    for (const odd of [undefined, null, 'text', circle])
      expect(failureBeforeAnswer(odd)).toBe('upstream_reset');
  });
});

it('in the answer it has broken off or fallen silent', () => {
  expect(failureInAnswer(coded('UND_ERR_BODY_TIMEOUT'))).toBe('upstream_stalled');
  expect(failureInAnswer(coded('UND_ERR_SOCKET'))).toBe('upstream_truncated');
  expect(failureInAnswer(undefined)).toBe('upstream_truncated');
});
