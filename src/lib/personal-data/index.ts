import type { PersonalData } from '../../contracts/personal-data.ts';
import { customFinder } from './custom-finder.ts';
import { KINDS, PLACEHOLDER } from './kinds.ts';
import { Scanner } from './scanner.ts';

/** How the gateway tells personal data, for whoever looks for it: policies get it as a port. */
export const PERSONAL_DATA: PersonalData = {
  kinds: KINDS,
  custom: customFinder,
  placeholder: PLACEHOLDER,
  scanner: (finders, breaks, replace) => new Scanner(finders, breaks, replace),
};
