import { type Check, mustWeigh } from './context.ts';

/** Upstreams as such. */
export const checkUpstreams: Check = (config, context) => {
  for (const [, upstream] of config.get('upstreams').entries) {
    mustWeigh(upstream.get('targets'), context);
    for (const target of upstream.get('targets').items) {
      const url = target.get('url');
      // The schema has seen the scheme; what is left is a host or port that can't be.
      if (url.text?.startsWith('http') && !URL.canParse(url.text)) context.report(url, 'is no valid URL');
    }
  }
};
