/** How people say that they are not remembered; in lower case, with plain apostrophes. */
const PHRASES = [
  'already told you',
  'already said',
  'already gave you',
  'already mentioned',
  'already explained',
  'already answered',
  'i just told you',
  'i just said that',
  'as i said before',
  'told you before',
  'like i said',
  'you forgot',
  'you already asked',
  'you just asked',
  'you asked me that',
  'stop asking',
  'how many times do i have to',
  "don't you remember",
  'do you not remember',
  "you don't remember",
  'asked me this already',
  'asked that already',
  'habe ich doch schon gesagt',
  'habe ich schon gesagt',
  'schon gesagt',
  'schon gefragt',
  'je vous ai déjà dit',
  'déjà dit',
  'ya te lo dije',
  'ya se lo dije',
];
/** Characters that are read: complaints are not hidden behind a pasted document. */
const LONGEST = 2000;

/** Whether the user says that they had said it before. */
export function isComplaint(text: string): boolean {
  const said = text.slice(0, LONGEST).toLowerCase().replaceAll('’', "'").replace(/\s+/gu, ' ');
  return PHRASES.some((phrase) => said.includes(phrase));
}
