import { pathMatches } from '../lib/path-pattern.ts';
import { Part } from './part.ts';

/** Where people's feedback comes in, and what they are told. */
export const FEEDBACK_PATHS = ['/v1/feedback', '/v1/status'] as const;
const PLACES = [...FEEDBACK_PATHS, '/v1/feedback/:id'];

/** Whether the gateway takes people's feedback itself: it was not switched off, and no route stands in its place. */
export const servesFeedback = (config: unknown): boolean =>
  settingsOf(config).get('enabled').value !== false && feedbackTaker(config) === undefined;

/**
 * The route in the place of feedback: one of exactly its paths, or below them; where nobody has written that feedback is enabled,
 * every route that matches them. An upstream's own `/v1/status` must not vanish behind what nobody has asked for.
 */
export function feedbackTaker(config: unknown): Part | undefined {
  const isAskedFor = settingsOf(config).get('enabled').value === true;
  return new Part(config).get('routes').items.find((route) => {
    const path = route.get('match', 'path').text ?? '';
    const isIn = FEEDBACK_PATHS.some((each) => path === each || path.startsWith(`${each}/`));
    return isIn || (!isAskedFor && PLACES.some((each) => pathMatches(path, each)));
  });
}

const settingsOf = (config: unknown): Part => new Part(config).get('hypercare', 'feedback');
