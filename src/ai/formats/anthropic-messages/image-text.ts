/** A picture that a model made: messages have no block for one, so it stands in the text, as Markdown has it. */
export const imageText = ({ mediaType, data }: { mediaType: string; data: string }): string =>
  `![image](data:${mediaType};base64,${data})`;

/** No letter of it can begin another one: a text of many beginnings is looked through once. */
const IMAGE_TEXT = /!\[image\]\(data:[\w.+/-]*;base64,[\w+/=-]*\)/g;

/** What a model said, as it comes back, without the pictures: letter by letter they are no words of it. */
export const withoutImages = (text: string): string => text.replace(IMAGE_TEXT, '');
