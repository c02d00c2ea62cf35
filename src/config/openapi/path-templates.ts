/** A parameter of a path, in the order in which they stand in it. */
export interface PathParameter {
  readonly name: string;
  /** Whether it stands for everything below. */
  readonly isRest: boolean;
}

export interface PathTemplate {
  readonly path: string;
  readonly parameters: readonly PathParameter[];
}

/**
 * Paths of routes as OpenAPI writes them: `/users/:id/*` → `/users/{id}/{path}`, as it has no way to say "and everything
 * below". Two that differ in the names of their parameters only are one path to it (3.1, Paths Object): the first one's names
 * count.
 */
export class PathTemplates {
  readonly #byShape = new Map<string, PathTemplate>();

  of(path: string): PathTemplate {
    const segments = path.split('/');
    const shape = segments.map((segment) => (isParameter(segment) ? '{}' : segment)).join('/');
    const known = this.#byShape.get(shape);
    if (known) return known;
    const names = segments.filter((segment) => isParameter(segment) && segment !== '*').map(nameOf);
    const parameters: PathParameter[] = [];
    const written = segments.map((segment) => {
      if (!isParameter(segment)) return segment;
      const isRest = segment === '*';
      const name = isRest ? freeName(names) : nameOf(segment);
      parameters.push({ name, isRest });
      return `{${name}}`;
    });
    const template = { path: written.join('/'), parameters };
    this.#byShape.set(shape, template);
    return template;
  }
}

const isParameter = (segment: string): boolean =>
  segment === '*' || segment.startsWith(':') || (segment.startsWith('{') && segment.endsWith('}'));

const nameOf = (segment: string): string =>
  segment.startsWith(':') ? segment.slice(1) : segment.slice(1, -1);

/** A path may have a parameter of the same name already. */
function freeName(taken: readonly string[]): string {
  let name = 'path';
  for (let n = 2; taken.includes(name); n++) name = `path${n}`;
  return name;
}
