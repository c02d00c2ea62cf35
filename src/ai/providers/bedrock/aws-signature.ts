import { AwsV4Signer } from 'aws4fetch';
import type { HeaderBag } from '../../../contracts/policy.ts';
import type { OutgoingCall } from '../../../contracts/provider.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly service: string;
  readonly region: string;
}

/**
 * AWS Signature Version 4 over a call: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * Only what says what is asked of whom is signed; the rest a proxy on the way may change.
 * @param at the time as AWS writes it (20150830T123600Z); absent: now
 */
export async function signAws(
  { method, path, host, headers, body }: OutgoingCall,
  { sessionToken, ...credentials }: AwsCredentials,
  at?: string,
): Promise<HeaderBag> {
  const contentType = headers['content-type'];
  const signer = new AwsV4Signer({
    ...credentials,
    ...(sessionToken !== undefined && { sessionToken }),
    ...(at !== undefined && { datetime: at }),
    method,
    // All that are given here, that is.
    allHeaders: true,
    // The scheme is not signed.
    url: `https://${host}${path}`,
    headers: contentType === undefined ? {} : { 'content-type': String(contentType) },
    body: body.length > 0 ? new Uint8Array(body) : null,
  });
  const signed = await signer.sign();
  return Object.fromEntries(signed.headers);
}
