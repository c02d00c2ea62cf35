import type { AnswerName, Format, StreamWriter } from '../contracts/format.ts';
import type { JsonObject, Message } from '../contracts/model-request.ts';
import type { ModelCall, Provider, TranslatedDialect } from '../contracts/provider.ts';
import type { StreamPart } from '../contracts/stream-part.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { renderError } from '../errors/render.ts';
import { objectsOf, parseList, parseObject } from '../lib/json.ts';
import { asksForNothing } from './asks-for-nothing.ts';
import { withoutDetail } from './dialects/image-detail.ts';
import { isNeeded } from './dropped.ts';
import { gatherAnswer } from './gather-answer.ts';
import { NotCarried } from './not-carried.ts';

/** One call between a client's format and a provider that doesn't speak it, both ways, through the neutral form. */
export class Translation<
  Request extends { readonly uncarried: readonly string[]; readonly messages?: readonly Message[] },
> {
  readonly #request: Request;
  readonly #format: Format<Request>;
  readonly #dialect: TranslatedDialect<Request, Request>;
  readonly #readError: Provider['readError'];
  readonly #name: AnswerName;
  readonly #drop: readonly string[];

  /** @param drop fields, by the client's names, that are left out; `detail` is that of all pictures */
  constructor(
    request: Request,
    format: Format<Request>,
    dialect: TranslatedDialect<Request, Request>,
    readError: Provider['readError'],
    name: AnswerName,
    drop: readonly string[] = [],
  ) {
    this.#request = request;
    this.#format = format;
    this.#dialect = dialect;
    this.#readError = readError;
    this.#name = name;
    this.#drop = drop;
  }

  /**
   * The request in the provider's words, without what the operator drops. All of the rest or none: what can't be carried is
   * refused by its own name, so that nothing gets lost unseen.
   *
   * @throws GatewayError `field_not_supported`
   */
  request(call: ModelCall): Buffer {
    return Buffer.from(JSON.stringify(this.#convert(call)));
  }

  #convert(call: ModelCall): JsonObject {
    const { fields } = this.#format;
    const unknown = this.#request.uncarried.find((at) => !this.#drop.includes(at));
    if (unknown !== undefined) throw notSupported(unknown);
    let request = this.#kept();
    const leaveOut = (option: keyof Request): void => {
      const name = nameOf(option, fields);
      if (!asksForNothing(option, request[option]) && !this.#drop.includes(name)) throw notSupported(name);
      request = { ...request, [option]: undefined };
    };
    for (const option of this.#dialect.uncarried) if (request[option] !== undefined) leaveOut(option);
    for (;;) {
      try {
        return this.#dialect.convertRequest(request, call);
      } catch (error) {
        if (!(error instanceof NotCarried) || 'at' in error.field) throw asRefusal(error, fields);
        const option = error.field.option as unknown as keyof Request;
        // Once it is left out, it can't be what is in the way.
        if (request[option] === undefined) throw asRefusal(error, fields);
        leaveOut(option);
      }
    }
  }

  #kept(): Request {
    if (this.#drop.length === 0) return this.#request;
    const { fields } = this.#format;
    const kept = Object.entries(this.#request).filter(
      ([option]) => isNeeded(option) || !this.#drop.includes(nameOf(option, fields)),
    );
    const request = Object.fromEntries(kept) as Request;
    const { messages } = request;
    return messages && this.#drop.includes('detail')
      ? { ...request, messages: withoutDetail(messages) }
      : request;
  }

  /** A whole answer in the client's words; undefined if it holds something that they have no place for. */
  answer(parts: readonly StreamPart[]): Buffer | undefined {
    const answer = gatherAnswer(parts);
    if (this.#format.canWrite?.(answer) === false) return undefined;
    return Buffer.from(JSON.stringify(this.#format.writeAnswer(answer, this.#name, this.#request)));
  }

  /** An error answer in the client's shape, with the provider's own words; undefined if it is no JSON. */
  refusal(statusCode: number, body: Buffer): Buffer | undefined {
    const text = body.toString('utf8');
    const said = firstObject(text);
    if (!said) return undefined;
    const message = this.#readError(said) ?? text.slice(0, LONGEST_REFUSAL).toWellFormed();
    const facts = { statusCode, message, code: null, param: null };
    return Buffer.from(renderError(facts, this.#format.shape, this.#name.requestId).body);
  }

  /** Undefined if nothing is streamed in the client's format. */
  openStream(): StreamWriter | undefined {
    return this.#format.openStream?.(this.#request, this.#name);
  }
}

/** Characters of a refusal in words that nobody here knows. */
const LONGEST_REFUSAL = 500;

/** Google's API in OpenAI's form says what is wrong in a list. */
const firstObject = (text: string): JsonObject | undefined =>
  parseObject(text) ?? objectsOf(parseList(text))[0];

type FieldNames = Readonly<Partial<Record<PropertyKey, string>>>;

const nameOf = (option: PropertyKey, fields: FieldNames): string => fields[option] ?? String(option);

/** What can't be carried, by the client's own name for it; any other error as it is. */
export function asRefusal(error: unknown, fields: FieldNames): unknown {
  if (!(error instanceof NotCarried)) return error;
  const { field } = error;
  return notSupported('at' in field ? field.at : nameOf(field.option, fields));
}

const notSupported = (param: string): GatewayError =>
  new GatewayError('field_not_supported', { param, detail: `The field is ${param}.` });
