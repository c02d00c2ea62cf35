import { useLayoutEffect, useRef } from 'preact/hooks';

/** Narrows a list, once it is left or Enter is pressed. What is being typed stays as it is, whatever the list is told meanwhile. */
export function Filter({
  name,
  value,
  placeholder,
  onFilter,
}: {
  name: string;
  /** What the address says. */
  value: string | undefined;
  placeholder?: string;
  onFilter(value: string): void;
}) {
  const field = useRef<HTMLInputElement>(null);
  // No property: each rendering would set it anew.
  useLayoutEffect(() => {
    (field.current as HTMLInputElement).value = value ?? '';
  }, [value]);
  return (
    <label>
      {name}{' '}
      <input
        ref={field}
        placeholder={placeholder}
        onChange={(event) => onFilter(event.currentTarget.value.trim())}
      />
    </label>
  );
}
