import type { ErrorObject } from 'ajv';
import { isMap } from './path.ts';
import { typeWords } from './wording.ts';

/**
 * An `anyOf` or `oneOf` that fails reports every branch. What a person wants to hear is one sentence that says what
 * may stand there – or, if the value is clearly meant for one branch, what is wrong inside of that.
 */
export function foldAlternatives(errors: readonly ErrorObject[]): ErrorObject[] {
  let left = [...errors];
  const failed = left.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  for (const error of failed) {
    if (!left.includes(error)) continue;
    const isOfBranch = (other: ErrorObject) =>
      other !== error && other.schemaPath.startsWith(`${error.schemaPath}/`) && isWithin(other, error);
    const ofBranches = left.filter(isOfBranch);
    const meant = clearlyMeant(ofBranches, error);
    left = left.filter((other) => !ofBranches.includes(other) && other !== error);
    left.push(...(meant ?? [oneSentence(error)]));
  }
  return left;
}

const isWithin = (inner: ErrorObject, outer: ErrorObject): boolean =>
  inner.instancePath === outer.instancePath || inner.instancePath.startsWith(`${outer.instancePath}/`);

/** The errors of the only branch that takes the value as such and complains about something inside of it. */
function clearlyMeant(
  ofBranches: readonly ErrorObject[],
  { schemaPath, instancePath }: ErrorObject,
): ErrorObject[] | undefined {
  const branches = Map.groupBy(
    ofBranches,
    (error) => error.schemaPath.slice(schemaPath.length + 1).split('/', 1)[0]!,
  );
  const candidates = [...branches.values()].filter((each) =>
    each.every((error) => error.instancePath !== instancePath),
  );
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** As an error of `enum` where all that may stand there are constants: so it gets its "did you mean". */
function oneSentence(error: ErrorObject): ErrorObject {
  const branches: unknown[] = Array.isArray(error.schema) ? error.schema : [];
  const allowed = branches.flatMap(branchWords);
  return { ...error, keyword: 'enum', params: { allowedValues: allowed } };
}

function branchWords(branch: unknown): string[] {
  if (!isMap(branch)) return [];
  if (Array.isArray(branch.enum)) return branch.enum.map(String);
  if ('const' in branch) return [String(branch.const)];
  const type =
    typeof branch.type === 'string' ? typeWords(branch.type) : String(branch.description ?? 'something else');
  const { minimum, maximum } = branch;
  return [
    minimum !== undefined && maximum !== undefined
      ? `${type} from ${String(minimum)} to ${String(maximum)}`
      : type,
  ];
}
