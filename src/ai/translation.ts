import type { AnswerName, Format, StreamWriter } from '../contracts/format.ts';
import type { JsonObject, ModelRequest } from '../contracts/model-request.ts';
import type { ModelCall, Provider } from '../contracts/provider.ts';
import type { StreamPart } from '../contracts/stream-part.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { renderError } from '../errors/render.ts';
import { parseObject } from '../lib/json.ts';
import { gatherAnswer } from './gather-answer.ts';
import { NotCarried } from './not-carried.ts';

/** One call between a client's format and a provider that doesn't speak it, both ways, through the neutral form. */
export class Translation {
  readonly #request: ModelRequest;
  readonly #format: Format;
  readonly #provider: Provider;
  readonly #name: AnswerName;

  constructor(request: ModelRequest, format: Format, provider: Provider, name: AnswerName) {
    this.#request = request;
    this.#format = format;
    this.#provider = provider;
    this.#name = name;
  }

  /**
   * The request in the provider's words. All of it or none: what can't be carried is refused by its own name, so that
   * nothing gets lost unseen.
   *
   * @throws GatewayError `field_not_supported`
   */
  request(call: ModelCall): Buffer {
    return Buffer.from(JSON.stringify(this.#convert(call)));
  }

  #convert(call: ModelCall): JsonObject {
    const { translated } = this.#provider;
    const { fields } = this.#format;
    const [unknown] = this.#request.uncarried;
    if (unknown !== undefined) throw notSupported(unknown);
    const option = translated.uncarried.find((name) => this.#request[name] !== undefined);
    if (option) throw notSupported(fields[option] ?? option);
    try {
      return translated.convertRequest(this.#request, call);
    } catch (error) {
      if (!(error instanceof NotCarried)) throw error;
      const { field } = error;
      throw notSupported('at' in field ? field.at : (fields[field.option] ?? field.option));
    }
  }

  /** A whole answer in the client's words. */
  answer(parts: readonly StreamPart[]): Buffer {
    return Buffer.from(JSON.stringify(this.#format.writeAnswer(gatherAnswer(parts), this.#name)));
  }

  /** An error answer in the client's shape, with the provider's own words; undefined if it says none that are known. */
  refusal(statusCode: number, body: Buffer): Buffer | undefined {
    const said = parseObject(body.toString('utf8'));
    const message = said && this.#provider.readError(said);
    if (message === undefined) return undefined;
    const facts = { statusCode, message, code: null, param: null };
    return Buffer.from(renderError(facts, this.#format.shape, this.#name.requestId).body);
  }

  openStream(): StreamWriter {
    return this.#format.openStream(this.#request, this.#name);
  }
}

const notSupported = (param: string): GatewayError =>
  new GatewayError('field_not_supported', { param, detail: `The field is ${param}.` });
