// `test` with a VS Code of its own: fresh user data, a copy of a workspace, and pictures.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from '@playwright/test';
import { startCodeServer } from '../../../scripts/lib/codeServer.mjs';
import { ROOT } from '../../../scripts/lib/paths.mjs';
import { extensionsFolder } from './extensions';
import { VSCode } from './vscode';
import { Workspace } from './workspaces';

export { expect } from '@playwright/test';

interface Options {
  /** The folder under tests/workspaces that is opened. */
  sample: string;
  /** A `.code-workspace` file in that folder to open instead of it. */
  workspaceFile: string;
  /** Files that are in the folder beside the sample's before VS Code opens it: what comes later it may not notice. */
  files: Record<string, string>;
  /** User settings, over those of `npm start`. */
  settings: Record<string, unknown>;
  /** Variables of code-server and all below it. */
  environment: Record<string, string>;
}

interface Fixtures {
  workspace: Workspace;
  /** VS Code with the workspace open. Take the fixture last: what it opens must be ready. */
  code: VSCode;
}

const PICTURES = process.env.FXLENS_SCREENSHOTS ? join(ROOT, 'client', 'media', 'screenshots') : undefined;

export const test = base.extend<Options & Fixtures>({
  sample: ['demo', { option: true }],
  workspaceFile: ['', { option: true }],
  files: [{}, { option: true }],
  settings: [{}, { option: true }],
  environment: [{}, { option: true }],
  workspace: async ({ sample, files }, use) => {
    const workspace = Workspace.copyOf(sample);
    for (const [name, text] of Object.entries(files)) workspace.write(name, text);
    await use(workspace);
    workspace.remove();
  },
  code: async ({ page, workspace, workspaceFile, settings, environment }, use, testInfo) => {
    const userData = mkdtempSync(join(tmpdir(), 'fxlens-user-data-'));
    const log: string[] = [];
    const server = await startCodeServer({
      extensions: extensionsFolder(),
      userData,
      settings,
      // Tests that kill a server expect a worker after it, not an answer from the cache.
      env: { FXLENS_CACHE_FOLDER: 'off', ...environment },
      log: (line) => log.push(line),
    });
    if (PICTURES) mkdirSync(PICTURES, { recursive: true });
    try {
      const opened = workspaceFile
        ? `workspace=${encodeURIComponent(join(workspace.folder, workspaceFile))}`
        : `folder=${encodeURIComponent(workspace.folder)}`;
      await page.goto(`${server.url}/?${opened}`);
      const code = new VSCode(page, workspace, testInfo, server.pid, PICTURES);
      await code.ready();
      await use(code);
      if (testInfo.status !== testInfo.expectedStatus) await code.showFailure();
    } finally {
      await server.stop();
      if (testInfo.status !== testInfo.expectedStatus) {
        writeFileSync(testInfo.outputPath('log.txt'), log.join('\n'));
      }
      rmSync(userData, { recursive: true, force: true });
    }
  },
});
