import { useEffect, useRef, useState } from 'preact/hooks';
import { readToken } from './lib/token.ts';

/** Asks for the admin token. It is kept for the tab, and sent in a header only. */
export function SignIn({ onToken }: { onToken(token: string): void }) {
  const [token, setToken] = useState('');
  const field = useRef<HTMLInputElement>(null);
  // `autofocus` counts once a page, and whoever mistyped it is here again.
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (token !== '') onToken(token.trim());
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <h1>Hypercare</h1>
        <label for="token">Admin token</label>
        <input
          ref={field}
          id="token"
          type="password"
          autocomplete="current-password"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        {readToken() !== '' && (
          <p class="bad" role="alert">
            The gateway does not know this token, or no longer.
          </p>
        )}
        <button type="submit">Enter</button>
        <p class="note">
          <code>admin.token</code> or one of <code>admin.tokens</code> in the gateway’s config. It stays in
          this tab until the tab is closed.
        </p>
      </form>
    </main>
  );
}
