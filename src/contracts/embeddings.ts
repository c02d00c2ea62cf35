/** What a client may ask of embeddings, each field only if it asked for it. */
export interface EmbeddingsOptions {
  readonly dimensions?: number;
  /** The end user, as an opaque id. */
  readonly user?: string;
}

/** The neutral form of a request for embeddings. */
export interface EmbeddingsRequest extends EmbeddingsOptions {
  /** Texts, or texts as token ids; each gets its vector. */
  readonly inputs: readonly (string | readonly number[])[];
  /** How the client wants vectors: as numbers, or as base64 of little-endian 32-bit floats. */
  readonly encoding: 'float' | 'base64';
  /** Fields of the client's body that have no place here. */
  readonly uncarried: readonly string[];
}

/** A vector, as numbers or as base64 of little-endian 32-bit floats. */
export type Vector = readonly number[] | string;
