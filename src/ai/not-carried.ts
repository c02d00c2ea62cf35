import type { EmbeddingsOptions } from '../contracts/embeddings.ts';
import type { ModelOptions } from '../contracts/model-request.ts';

/** Thrown by a conversion for what it has no place for. The client is told which field of its own request it is. */
export class NotCarried extends Error {
  override readonly name = 'NotCarried';
  /** The place in the client's body, or the option. */
  readonly field: { readonly at: string } | { readonly option: keyof ModelOptions | keyof EmbeddingsOptions };

  constructor(field: NotCarried['field']) {
    super('at' in field ? field.at : field.option);
    this.field = field;
  }
}
