const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/**
 * How many nodes a JSON Schema has once each `$ref` stands for what it names: what a check of one value costs at most. A few
 * definitions that each name the next twice come to more than can ever be checked.
 * @returns infinity where a definition names itself, or something that is not in the schema
 */
export function expandedSize(schema: unknown): number {
  const sizes = new Map<unknown, number>();
  const sizeOf = (node: unknown): number => {
    if (!isContainer(node)) return 0;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    // Until it is known: whoever comes by here again has named itself.
    sizes.set(node, Number.POSITIVE_INFINITY);
    let size = 1;
    for (const value of Object.values(node)) size += sizeOf(value);
    for (const key of ['$ref', '$dynamicRef', '$recursiveRef'])
      if (typeof node[key] === 'string') size += sizeOf(named(schema, node[key]) ?? schema);
    sizes.set(node, size);
    return size;
  };
  return sizeOf(schema);
}

function named(schema: unknown, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  let node: unknown = schema;
  for (const step of reference.slice(2).split('/')) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    node = isContainer(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }
  return node;
}
