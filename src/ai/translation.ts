import type { AnswerName, Format, StreamWriter } from '../contracts/format.ts';
import type { JsonObject } from '../contracts/model-request.ts';
import type { ModelCall, Provider, TranslatedDialect } from '../contracts/provider.ts';
import type { StreamPart } from '../contracts/stream-part.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { renderError } from '../errors/render.ts';
import { parseObject } from '../lib/json.ts';
import { gatherAnswer } from './gather-answer.ts';
import { NotCarried } from './not-carried.ts';

/** One call between a client's format and a provider that doesn't speak it, both ways, through the neutral form. */
export class Translation<Request extends { readonly uncarried: readonly string[] }> {
  readonly #request: Request;
  readonly #format: Format<Request>;
  readonly #dialect: TranslatedDialect<Request, Request>;
  readonly #readError: Provider['readError'];
  readonly #name: AnswerName;

  constructor(
    request: Request,
    format: Format<Request>,
    dialect: TranslatedDialect<Request, Request>,
    readError: Provider['readError'],
    name: AnswerName,
  ) {
    this.#request = request;
    this.#format = format;
    this.#dialect = dialect;
    this.#readError = readError;
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
    const nameOf = (option: string): string => this.#format.fields[option as keyof Request] ?? option;
    const [unknown] = this.#request.uncarried;
    if (unknown !== undefined) throw notSupported(unknown);
    const option = this.#dialect.uncarried.find((name) => this.#request[name] !== undefined);
    if (option) throw notSupported(nameOf(String(option)));
    try {
      return this.#dialect.convertRequest(this.#request, call);
    } catch (error) {
      if (!(error instanceof NotCarried)) throw error;
      const { field } = error;
      throw notSupported('at' in field ? field.at : nameOf(field.option));
    }
  }

  /** A whole answer in the client's words. */
  answer(parts: readonly StreamPart[]): Buffer {
    return Buffer.from(
      JSON.stringify(this.#format.writeAnswer(gatherAnswer(parts), this.#name, this.#request)),
    );
  }

  /** An error answer in the client's shape, with the provider's own words; undefined if it says none that are known. */
  refusal(statusCode: number, body: Buffer): Buffer | undefined {
    const said = parseObject(body.toString('utf8'));
    const message = said && this.#readError(said);
    if (message === undefined) return undefined;
    const facts = { statusCode, message, code: null, param: null };
    return Buffer.from(renderError(facts, this.#format.shape, this.#name.requestId).body);
  }

  /** Undefined if nothing is streamed in the client's format. */
  openStream(): StreamWriter | undefined {
    return this.#format.openStream?.(this.#request, this.#name);
  }
}

const notSupported = (param: string): GatewayError =>
  new GatewayError('field_not_supported', { param, detail: `The field is ${param}.` });
