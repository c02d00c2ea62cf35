/** A text that keeps nothing else in memory: a part of a text, once taken, keeps the whole. */
export const ownText = (text: string): string => Buffer.from(text).toString();

/** The beginning of what somebody else has sent. @param most characters; half of one at the end becomes U+FFFD */
export const cutText = (text: string, most: number): string =>
  text.length <= most ? text : ownText(text.slice(0, most));
