import type { Chapter, SeenExit, SeenFinding, SeenKpis } from './story.ts';

const WIDTH = 110;

/** Lines of at most so many characters, each after the same beginning. */
function lines(text: string, indent: string): string {
  const out: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent.length + line.length + word.length + 1 > WIDTH) {
      out.push(indent + line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...out, indent + line].join('\n');
}

const INDENT = '    ';
const part = (name: string, text: string): string => `\n  ${name}\n${lines(text, INDENT)}\n`;
const seconds = (value: number): string =>
  value < 90 ? `${value.toFixed(0)} s` : `${(value / 60).toFixed(0)} min`;

export const chapterHead = (number: number, { title, happens }: Chapter): string =>
  `\n${'─'.repeat(WIDTH)}\n${number}. ${title}\n${'─'.repeat(WIDTH)}\n\n${lines(happens, '')}\n(The gateway is not told.)\n`;

/** What was found, in the gateway's own words. @param inReality seconds that it would have taken with ticks of 10 s */
export function foundText(
  { id, priority, sentence, cause, linked }: SeenFinding,
  { title, does }: SeenFinding['actions'][number],
  after: number,
  inReality: number,
): string {
  const patch = does.patch.filter(({ op }) => op !== 'test');
  const words =
    patch.length > 0
      ? patch.map((step) => JSON.stringify(step)).join(' ')
      : `call ${JSON.stringify(does.call)}`;
  const people = linked.feedback.length > 0 ? ` The complaint is linked to it.` : '';
  return (
    part(
      `Found after ${seconds(after)} (${seconds(inReality)} with ticks of 10 s): ${priority}, ${id}`,
      `${sentence}${people}`,
    ) +
    part('Cause', `${cause.kind}: ${cause.sentence}`) +
    part('Offered and tried out', `${title}. ${words}`) +
    `\n  Applied. Now the traffic has to prove it …\n`
  );
}

export const proofText = ({ verification }: SeenFinding): string =>
  part(
    'Proven',
    verification
      ? `${verification.bad} of ${verification.total} requests are bad since then; before it were ${(100 * verification.broken).toFixed(1)} %.`
      : 'nothing',
  );

export const chapterEnd = (reporterHears: string, { fix }: { fix: string }): string =>
  part('Told', `Whoever complained asks what became of it, and hears: ${reporterHears}.`) +
  part('Learnt', `The knowledge base has it, with what helped: ${fix}.`);

const ms = (value: number | null): string => (value === null ? 'unknown' : seconds(value / 1000));

export const kpiText = ({
  findings,
  meanTimeToDetect,
  meanTimeToResolve,
  actedOnShare,
  feedback,
}: SeenKpis): string =>
  `\n${'─'.repeat(WIDTH)}\nThe figures of the hypercare window\n${'─'.repeat(WIDTH)}\n\n` +
  `  findings opened ${findings.opened}, resolved ${findings.resolved}, open ${findings.open}\n` +
  `  time to detect ${ms(meanTimeToDetect)}, to resolve ${ms(meanTimeToResolve)} (means)\n` +
  `  acted on ${actedOnShare === null ? 'unknown' : `${Math.round(100 * actedOnShare)} %`}; ${feedback.reports} pieces of feedback\n`;

/** How the window ended. */
export const exitText = ({ verdict, criteria, signed }: SeenExit): string =>
  part(
    `May the window end? ${verdict}`,
    criteria.map(({ name, evidence }) => `${name}: ${evidence.join('; ')}.`).join(' '),
  ) +
  part('Signed off', signed === null ? 'by nobody' : `by ${signed.by}`) +
  `\nIn your own gateway: hypercare findings, hypercare show ID, hypercare apply ID, or the console.\n`;
