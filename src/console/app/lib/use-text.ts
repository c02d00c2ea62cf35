import { useEffect, useState } from 'preact/hooks';
import { request } from './api.ts';
import { problemOf } from './use-answer.ts';

/** A text of the admin API, or why it does not come; undefined until then. */
export function useText(path: string): string | undefined {
  const [text, setText] = useState<string>();
  useEffect(() => {
    const abort = new AbortController();
    request(path, { signal: abort.signal })
      .then((response) => response.text())
      .then(setText)
      .catch((error: unknown) => {
        if (!abort.signal.aborted) setText(problemOf(error).detail ?? problemOf(error).code);
      });
    return () => abort.abort();
  }, [path]);
  return text;
}
