import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 64 * 1024;

/**
 * The text of a file, read up to a limit whatever kind of file it is (a pipe has no size to ask for beforehand).
 *
 * @throws Error with a sentence for people: not there, no permission, more than `maxBytes`, not UTF-8
 */
export function readText(file: string, maxBytes: number): string {
  const bytes = readBytes(file, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('is not UTF-8 text', { cause });
  }
}

function readBytes(file: string, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    const fd = openSync(file, 'r');
    try {
      for (;;) {
        const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
        const read = readSync(fd, chunk);
        if (read === 0) break;
        total += read;
        if (total > maxBytes) break;
        chunks.push(chunk.subarray(0, read));
      }
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw new Error(`can't be read: ${reason(cause)}`, { cause });
  }
  if (total > maxBytes) throw new Error(`is larger than ${maxBytes / 1024 ** 2} MB`);
  return Buffer.concat(chunks);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return REASONS[code] ?? code;
}
