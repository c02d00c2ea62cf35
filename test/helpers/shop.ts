import { backend } from './backend.ts';

/** A config with one upstream that answers everything, and one route to it. */
export async function shop() {
  const { url } = await backend((_request, response) => response.end('a product'));
  return {
    upstreams: { shop: { targets: [{ url }] } },
    routes: [{ name: 'shop', match: { path: '/*' }, upstream: 'shop' }],
  };
}
