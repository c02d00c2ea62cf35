import { resolve } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: resolve(import.meta.dirname, 'app'),
  base: './',
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
