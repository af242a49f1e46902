// `test` with a VS Code: the window that tests share, or one of its own; a copy of a workspace, and pictures.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, test as base, type Page, type TestInfo } from '@playwright/test';
import { startCodeServer } from '../../../scripts/lib/codeServer.mjs';
import { ROOT } from '../../../scripts/lib/paths.mjs';
import { EXTENSIONS, extensionsFolder, SHARED_EXTENSIONS } from './extensions';
import { VSCode } from './vscode';
import { NET, Workspace } from './workspaces';

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

/** What tests get that ask for nothing special. */
const USUAL: Options = {
  sample: 'demo',
  workspaceFile: '',
  files: { 'net.ipynb': NET },
  settings: {},
  environment: {},
};
const WINDOW = 'window';

/**
 * `test('…', OWN_WINDOW, …)`: a VS Code of the test's own. For what needs a window in which nothing happened yet, or leaves
 * it unusable. A test with options of its own has one anyway, unless it names it.
 */
export const OWN_WINDOW = { annotation: { type: WINDOW } };

/** `test('…', windowOf('…'), …)`: a VS Code for the tests of this name, one after the other. */
export function windowOf(name: string): { annotation: { type: string; description: string } } {
  return { annotation: { type: WINDOW, description: name } };
}

/**
 * What tests have in common that share a window, if a test shares one: the usual options, or a name. Pictures for the
 * README show none in which other tests have been.
 */
function sharedBy(options: Options, info: TestInfo): string | undefined {
  const window = info.annotations.find(({ type }) => type === WINDOW);
  const key = JSON.stringify(options);
  if (PICTURES || (window ? !window.description : key !== USUAL_KEY)) return undefined;
  return window ? `${window.description} ${key}` : key;
}

interface Fixtures {
  workspace: Workspace;
  /** VS Code with the workspace open. Take the fixture last: what it opens must be ready. */
  code: VSCode;
}

/** A page of a code-server that has the workspace open. */
interface Window {
  readonly page: Page;
  readonly serverPid: number;
  readonly log: string[];
  close(): Promise<void>;
}

/** A window that tests share, and its workspace. */
class Shared {
  window?: Window;

  constructor(
    readonly key: string,
    readonly workspace: Workspace,
  ) {}

  async close(): Promise<void> {
    await this.window?.close();
    this.workspace.remove();
  }
}

interface WorkerFixtures {
  /** The windows that tests share: the usual one, and the last that has a name. Made for the first test that
   * wants it, and anew after a failure, because Playwright then takes a new worker. */
  shared: Map<'usual' | 'named', Shared>;
}

/** Nothing that moves by itself: drawing it takes the processor from what is being waited for. */
const STILL = { 'editor.cursorBlinking': 'solid', 'workbench.reduceMotion': 'on' };
const PICTURES = process.env.FXLENS_SCREENSHOTS ? join(ROOT, 'client', 'media', 'screenshots') : undefined;

export const test = base.extend<Options & Fixtures, WorkerFixtures>({
  sample: [USUAL.sample, { option: true }],
  workspaceFile: [USUAL.workspaceFile, { option: true }],
  files: [USUAL.files, { option: true }],
  settings: [USUAL.settings, { option: true }],
  environment: [USUAL.environment, { option: true }],
  shared: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from this pattern what a fixture needs.
    async ({}, use) => {
      const shared: WorkerFixtures['shared'] = new Map();
      await use(shared);
      for (const each of shared.values()) await each.close();
    },
    { scope: 'worker' },
  ],
  workspace: async ({ sample, workspaceFile, files, settings, environment, shared }, use, info) => {
    const key = sharedBy({ sample, workspaceFile, files, settings, environment }, info);
    const place = key === undefined ? 'named' : placeOf(key);
    if (shared.get(place)?.key !== key) {
      // Before a window of a test's own, too: what runs of ours is then of the test.
      await shared.get(place)?.close();
      shared.delete(place);
    }
    if (key === undefined) {
      const workspace = Workspace.copyOf(sample, files);
      await use(workspace);
      workspace.remove();
      return;
    }
    const sharing = shared.get(place) ?? new Shared(key, Workspace.copyOf(sample, files));
    shared.set(place, sharing);
    await use(sharing.workspace);
  },
  code: [
    async ({ browser, workspace, sample, workspaceFile, files, settings, environment, shared }, use, info) => {
      const options = { sample, workspaceFile, files, settings, environment };
      const key = sharedBy(options, info);
      const sharing = key === undefined ? undefined : shared.get(placeOf(key));
      const usual = key !== undefined && placeOf(key) === 'usual';
      const used = sharing?.window;
      const window = used ?? (await openWindow(browser, workspace, options, usual, info));
      if (sharing) sharing.window = window;
      if (PICTURES) mkdirSync(PICTURES, { recursive: true });
      let ready = false;
      try {
        const code = new VSCode(window.page, workspace, info, window.serverPid, PICTURES);
        if (!used) await code.ready();
        if (!used && usual) await code.warmUp();
        if (used || usual) await code.reset();
        ready = true;
        await use(code);
        if (info.status !== info.expectedStatus) await code.showFailure();
      } finally {
        if (!sharing) await window.close();
        if (!ready || info.status !== info.expectedStatus)
          writeFileSync(info.outputPath('log.txt'), window.log.join('\n'));
      }
    },
    // Starting VS Code on a busy machine does not use up the time of the test itself.
    { timeout: 240_000 },
  ],
});

const USUAL_KEY = JSON.stringify(USUAL);

function placeOf(key: string): 'usual' | 'named' {
  return key === USUAL_KEY ? 'usual' : 'named';
}

/** Runs in the page: signs of progress turn 20 times a second, each time drawn without a graphics card. */
function stopAnimations(): void {
  if (window !== window.top) return; // Our own views refuse styles from outside.
  document.addEventListener('DOMContentLoaded', () => {
    const style = document.createElement('style');
    style.textContent = '.codicon, .codicon::before { animation: none !important; }';
    document.head.append(style);
  });
}

async function openWindow(
  browser: Browser,
  workspace: Workspace,
  { settings, environment, workspaceFile }: Options,
  usual: boolean,
  info: TestInfo,
): Promise<Window> {
  const userData = mkdtempSync(join(tmpdir(), 'fxlens-user-data-'));
  const log: string[] = [];
  const server = await startCodeServer({
    extensions: extensionsFolder(usual ? SHARED_EXTENSIONS : EXTENSIONS),
    userData,
    settings: { ...STILL, ...settings },
    // Tests that kill a server expect a worker after it, not an answer from the cache.
    env: { FXLENS_CACHE_FOLDER: 'off', ...environment },
    log: (line) => log.push(line),
  });
  const { viewport = null, permissions = [] } = info.project.use;
  const context = await browser.newContext({ viewport, permissions, reducedMotion: 'reduce' });
  await context.addInitScript(stopAnimations);
  const close = async () => {
    await context.close();
    await server.stop();
    rmSync(userData, { recursive: true, force: true });
  };
  try {
    const page = await context.newPage();
    const opened = workspaceFile
      ? `workspace=${encodeURIComponent(join(workspace.folder, workspaceFile))}`
      : `folder=${encodeURIComponent(workspace.folder)}`;
    await page.goto(`${server.url}/?${opened}`);
    return { page, serverPid: server.pid, log, close };
  } catch (error) {
    await close();
    throw error;
  }
}
