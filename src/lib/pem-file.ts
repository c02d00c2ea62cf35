import { createHash } from 'node:crypto';

/** A certificate, a bundle of them or a private key: where it was read from, and what was read. */
export class PemFile {
  /** As in the configuration. */
  readonly path: string;
  /** SHA-256 of the content, lower-case hex: changes when the file does. */
  readonly sha256: string;
  // Private, so that no log, JSON or copy of the configuration holds a key.
  readonly #text: string;

  constructor(path: string, text: string) {
    this.path = path;
    this.sha256 = createHash('sha256').update(text).digest('hex');
    this.#text = text;
  }

  /** The content. */
  read(): string {
    return this.#text;
  }
}
