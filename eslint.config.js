// The typed promise rules alone; everything else is biome's.
import tseslint from 'typescript-eslint'

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'coverage/**',
      '**/node_modules/**',
      'bench/dist/**',
      'examples/*/dist/**',
      '**/_generated/**',
    ],
  },
  {
    files: [
      'server/**/*.ts',
      'shared/**/*.ts',
      'convex/**/*.ts',
      'client/**/*.{ts,tsx}',
      'tests/**/*.ts',
      'bench/**/*.ts',
      'examples/**/*.{ts,tsx}',
    ],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: ['tsconfig.json', 'examples/tsconfig.json'] },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  },
)
