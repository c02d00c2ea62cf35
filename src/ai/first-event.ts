/** Whether a stream that has just begun begins with an error: then nothing was generated, and another model may try. */
export function firstEventIsError(first: Buffer): boolean {
  const text = first.toString('utf8', 0, 512).trimStart();
  return (
    text.startsWith('event: error') ||
    text.startsWith('event:error') ||
    /^data: ?\{\s*"error"\s*:\s*[{"]/.test(text)
  );
}
