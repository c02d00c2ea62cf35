/** Makes a value when it is first asked for, and gives the same again from then on. What `make` throws is not kept. */
export function onDemand<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
