import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

/** AES-256-GCM: nonce, ciphertext, tag, one behind the other. */
export function encrypt(key: Buffer, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws if it was sealed with another key or context, or was changed */
export function decrypt(key: Buffer, sealed: Buffer, context: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  return Buffer.concat([
    decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)),
    decipher.final(),
  ]);
}

/** What keys of tenants are wrapped with. */
export interface MasterKey {
  /** Tells which one it is; says nothing about it. */
  readonly id: string;
  readonly key: Buffer;
}

const SALT = 'hypercare-gateway context v1';

const slowHash = promisify<string, string, number, object, Buffer>(scrypt);

/**
 * The key that a secret of the config stands for. Scrypt (N 2^15, 32 MB), so that a passphrase is dear to guess; it costs
 * about 80 ms of a worker thread, once.
 */
export async function masterKeyOf(secret: string): Promise<MasterKey> {
  const seed = await slowHash(secret, SALT, KEY_BYTES, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 });
  const derive = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', seed, SALT, purpose, bytes));
  return { id: derive('id', 6).toString('hex'), key: derive('wrap', KEY_BYTES) };
}
