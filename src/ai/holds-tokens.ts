/** Whether an input of embeddings, or a prompt, or one of several, is in tokens of its model. Servers of one's own take objects, which hold texts. */
export const holdsTokens = (input: unknown): boolean =>
  Array.isArray(input) && input.some((each) => typeof each === 'number' || Array.isArray(each));
