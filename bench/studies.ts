import { exam } from './scenarios/exam.ts';
import { examLive } from './scenarios/live/exam-live.ts';
import { quietWeek } from './scenarios/quiet-week.ts';
import { contextRecall } from './studies/context-recall.ts';
import { localisation } from './studies/localisation.ts';
import type { Study } from './studies/study.ts';

/** Every study that `npm run bench -- <study> --data PATH` knows. */
export const STUDIES: readonly Study[] = [contextRecall, exam, examLive, quietWeek, localisation];
