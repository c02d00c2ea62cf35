import type { RequestText } from '../../contracts/guard.ts';
import { isPicture } from '../../lib/image-type.ts';

/** Of the kinds that models make: what a data URL of another kind holds may be a text. */
const PICTURE = /(data:image\/(?:png|jpe?g|gif|webp);base64,)([\w+/-]*=*)/gi;
/** Where there are no bytes, or none any more. */
const PLACE = /data:image\/(?:png|jpe?g|gif|webp);base64,(?![\w+/=-])/gi;

/**
 * What a model said, as guards see it: without the bytes of pictures that stand in it (as Markdown has them, where a format or a service
 * knows no other place). They are no words, and what a guard found in them would break the picture. What does not begin as a picture is
 * seen, whatever it says it is.
 */
export function pictureText(text: RequestText): RequestText {
  const whole = text.text;
  // Most hold none, which is known soon.
  if (!whole.includes(';base64,')) return text;
  const bytes: string[] = [];
  const shown = whole.replace(PICTURE, (url: string, head: string, data: string) => {
    if (data !== '' && !isPicture(data)) return url;
    bytes.push(data);
    return head;
  });
  return shown === whole ? text : new PictureText(text, shown, bytes);
}

class PictureText implements RequestText {
  readonly role: string;
  readonly isKept: boolean;
  readonly #whole: RequestText;
  /** By the place in which they stood. */
  readonly #bytes: readonly string[];
  #shown: string;

  constructor(whole: RequestText, shown: string, bytes: readonly string[]) {
    this.role = whole.role;
    this.isKept = whole.isKept;
    this.#whole = whole;
    this.#shown = shown;
    this.#bytes = bytes;
  }

  get text(): string {
    return this.#shown;
  }

  set text(text: string) {
    if (text === this.#shown) return;
    this.#shown = text;
    const bytes = this.#bytes;
    let at = 0;
    // Where there are more places now, or fewer, nobody can tell whose they are.
    const isWhole = text.match(PLACE)?.length === bytes.length;
    this.#whole.text = isWhole ? text.replace(PLACE, (head) => `${head}${bytes[at++]}`) : text;
  }
}
