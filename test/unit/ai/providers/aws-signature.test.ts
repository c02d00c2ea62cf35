// AWS's own test suite for Signature Version 4 (aws-sig-v4-test-suite): the same request must give the same signature.
import { expect, it } from 'vitest';
import { type AwsCredentials, signAws } from '../../../../src/ai/providers/bedrock/aws-signature.ts';

const credentials: AwsCredentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'service',
};
const AT = '20150830T123600Z';

const call = (method: string, path: string, headers: Record<string, string> = {}, body = '') => ({
  method,
  path,
  host: 'example.amazonaws.com',
  headers,
  body: Buffer.from(body),
});

it.each([
  ['get-vanilla', call('GET', '/'), '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', call('POST', '/'), '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'get-vanilla-query-order-key-case',
    call('GET', '/?Param2=value2&Param1=value1'),
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'post-x-www-form-urlencoded',
    call('POST', '/', { 'content-type': 'application/x-www-form-urlencoded' }, 'Param1=value1'),
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
])('%s', async (_name, request, signature) => {
  const { authorization } = await signAws(request, credentials, AT);
  expect(authorization).toContain(`Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request`);
  expect(authorization).toContain(`Signature=${signature}`);
});

it('temporary credentials go along, and are signed', async () => {
  const signed = await signAws(call('POST', '/', {}, '{}'), { ...credentials, sessionToken: 'TOKEN' }, AT);
  expect(signed['x-amz-security-token']).toBe('TOKEN');
  expect(signed.authorization).toContain('x-amz-security-token');
});

it('what a policy adds on the way is not signed, the body is', async () => {
  const { authorization: plain } = await signAws(call('POST', '/', {}, 'a'), credentials, AT);
  const { authorization: added } = await signAws(call('POST', '/', { 'x-team': 'b' }, 'a'), credentials, AT);
  const { authorization: other } = await signAws(call('POST', '/', {}, 'b'), credentials, AT);
  expect(added).toBe(plain);
  expect(other).not.toBe(plain);
});
