import { createHash } from 'node:crypto';
import type { PublicStatus } from './status-page.ts';

const STYLE = `
:root{color-scheme:light dark;font:17px/1.5 system-ui,sans-serif}
body{max-width:44rem;margin:0 auto;padding:24px 16px;background:light-dark(#f6f7f9,#12161c);color:light-dark(#17202b,#e7ecf3)}
h1{font-size:1.6rem;margin:0 0 16px}p{margin:0 0 8px}
.state,li{background:light-dark(#fff,#1a2029);border-left:6px solid light-dark(#146c2e,#6fd08c);border-radius:6px;padding:12px 16px}
.degraded,li{border-color:light-dark(#8a4b00,#f5b54d)}
ul{list-style:none;margin:16px 0;padding:0;display:grid;gap:12px}
small{color:light-dark(#53606f,#a3b0c0)}`;

/** Nothing runs in this page, and nothing of it comes from elsewhere. */
export const STATUS_PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (mark) => ENTITIES[mark] as string);
const WORDS = {
  investigating: 'We are looking into it.',
  fixing: 'We are fixing it.',
  checking: 'It is fixed; we are making sure.',
} as const;
const time = (iso: string): string =>
  `<time datetime="${escaped(iso)}">${escaped(iso.slice(0, 16).replace('T', ' '))} UTC</time>`;

/** The status as a page for people. */
export function statusHtml({ status, announcements, checkedAt }: PublicStatus): string {
  const items = announcements.map(
    ({ text, since, state }) =>
      `<li><p>${escaped(text)}</p><small>${WORDS[state]} Since ${time(since)}</small></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${status === 'ok' ? 'All is well' : 'There is trouble'} · Status</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Status</h1>
<p class="state ${status}">${status === 'ok' ? 'All is well.' : 'Something is not as it should be.'}</p>
${items.length === 0 ? '' : `<ul>\n${items.join('\n')}\n</ul>`}
<small>As of ${time(checkedAt)}</small>
</main>
</body>
</html>
`;
}
