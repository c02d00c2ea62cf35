import { resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

/** What uPlot hands out beside lines: no chart here has it, and what nobody hands out is left out. */
const UNUSED = /\(paths\.(?:stepped|bars|spline) += \w+\);|uPlot\.join = join;/g;

const linesOnly: Plugin = {
  name: 'lines-only',
  transform: {
    filter: { id: /uPlot\.esm\.js$/ },
    handler(code) {
      if (code.match(UNUSED)?.length !== 4) this.error('uPlot has changed: see what of it is unused');
      return { code: code.replaceAll(UNUSED, ''), map: null };
    },
  },
};

/** Vite loads a chunk's styles before it. Here all styles are in one file: a chunk is imported as it stands. */
const plainImports: Plugin = {
  name: 'plain-imports',
  enforce: 'pre',
  load: {
    filter: { id: /^\0vite\/preload-helper\.js$/ },
    handler: () => 'export const __vitePreload = (load) => load();',
  },
};

export default defineConfig({
  root: resolve(import.meta.dirname, 'app'),
  base: './',
  plugins: [linesOnly, plainImports],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: resolve(import.meta.dirname, 'built'),
    emptyOutDir: true,
    // Everything in files: the Content-Security-Policy allows nothing inline, data: URLs included.
    assetsInlineLimit: 0,
    modulePreload: false,
    target: 'es2023',
    // Those that know light-dark(): of spring 2024.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
  },
});
