import { expect, it } from 'vitest';
import { servesFeedback } from '../../../src/config/serves-feedback.ts';
import { load } from './stories.ts';

const upstreams = 'version: 1\nupstreams: { up: { targets: [{ url: "http://127.0.0.1:9001" }] } }\n';
const loaded = (path: string, feedback = '') =>
  load(
    `${upstreams}routes: [{ name: own, match: { path: "${path}" }, upstream: up }]\nhypercare: { feedback: { ${feedback} } }\n`,
  );
const served = (path: string, feedback?: string): boolean => servesFeedback(loaded(path, feedback).config);

it('what nobody has asked for yields to every route that matches its paths', () => {
  for (const path of ['/*', '/v1/*', '/v1/:what', '/{version}/status', '/v1/feedback', '/v1/feedback/mine'])
    expect(served(path), path).toBe(false);
  for (const path of ['/', '/api/*', '/v1', '/v1/orders/*', '/v2/*']) expect(served(path), path).toBe(true);
});

it('what was asked for goes before wider routes, and not before those of its own paths', () => {
  expect(served('/*', 'enabled: true')).toBe(true);
  expect(served('/v1/:what', 'enabled: true')).toBe(true);
  expect(served('/v1/status', 'enabled: true')).toBe(false);
  expect(served('/api/*', 'enabled: false')).toBe(false);
});

it('where it is taken it is named among what is open to anyone', () => {
  expect(loaded('/*').openRoutes).toEqual(['own']);
  expect(loaded('/*', 'enabled: true').openRoutes).toEqual(['own', '/v1/feedback', '/v1/status']);
});

it('who has set it up hears that a route stands in its place, and what to do', () => {
  const warnings = (path: string, feedback: string): string[] =>
    loaded(path, feedback).warnings.map(({ key, message }) => `${key} ${message}`);
  const name = 'hypercare.feedback is not served: the route own takes /v1/feedback or /v1/status;';
  expect(warnings('/*', 'origins: ["*"]')).toEqual([`${name} enabled: true puts it before that route`]);
  expect(warnings('/v1/status', 'enabled: true')).toEqual([`${name} give it another path`]);
  expect(warnings('/*', 'keep: 1d')).toEqual([]);
  expect(warnings('/*', 'enabled: true, origins: ["*"]')).toEqual([]);
});
