/** Small talk that says nothing of what a probe plants. */
const TALK = [
  'Which is heavier, a litre of milk or a litre of water?',
  'Tell me something about lighthouses.',
  'How do cats find their way home?',
  'Why is the sky dark at night?',
  'Could you explain what a leap year is for?',
  'What do bakers do before sunrise?',
  'I wonder how bridges are kept from swinging.',
  'What makes bread rise?',
  'Is it true that owls turn their heads all the way round?',
  'How would you describe the smell of rain?',
  'Which instruments belong to a string quartet?',
  'Why do leaves change their colour?',
];

export const distraction = (at: number): string => TALK[at % TALK.length] as string;
