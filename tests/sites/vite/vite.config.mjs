// As the template of React has it, without its compiler for quick reloads: esbuild does the rest.
import { defineConfig } from 'vite';

export default defineConfig({ esbuild: { jsx: 'transform' }, build: { outDir: 'dist', emptyOutDir: true } });
