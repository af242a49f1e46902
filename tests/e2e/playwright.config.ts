// The real VS Code (code-server) with the packaged extension, driven through the system's Chromium.
import { join } from 'node:path';
import { defineConfig } from '@playwright/test';
import { systemChromium } from '../../scripts/lib/chromium.mjs';
import { ROOT } from '../../scripts/lib/paths.mjs';

const executablePath = systemChromium();
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

export default defineConfig({
  testDir: '.',
  outputDir: join(ROOT, 'test-results'),
  globalSetup: './globalSetup.ts',
  // One VS Code at a time: a test that competes with others for the processor measures them.
  workers: 1,
  // A busy machine can lose a click to VS Code's own redrawing. What passes at the second try only is listed as flaky
  // at the end, with the first try's pictures: something to look at, but no reason to refuse a change.
  retries: 1,
  timeout: 180_000,
  expect: { timeout: 60_000 },
  reporter: 'list',
  use: {
    // A click that finds nothing fails as an expectation does, and not with the whole test's time.
    actionTimeout: 60_000,
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
    // A trace costs processor time while a test runs: only what failed is run with one, the first try leaves pictures.
    trace: 'on-first-retry',
    launchOptions: {
      // Without one, Playwright's own.
      ...(executablePath ? { executablePath } : {}),
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...QUIET],
    },
  },
});
