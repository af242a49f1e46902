// What is missing is said in the right place, with what to do; nothing is called wrong meanwhile.
import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { VENV, VENV_PYTHON } from '../../scripts/lib/paths.mjs';
import { expect, test } from './lib/test';

test.describe('a Python without torch', () => {
  test.use({ settings: { 'fxlens.interpreter': '' } });

  test('the sidebar says so and offers to choose another; nothing is marked', async ({ code, workspace }) => {
    execFileSync(VENV_PYTHON, ['-m', 'venv', '--without-pip', join(workspace.folder, '.venv')]);
    await code.openSidebar();
    await code.press('Control+Shift+e');
    await code.open('resnet_features.py');
    await code.openSidebar();
    await expect(code.welcome).toContainText('has no PyTorch');
    await expect(code.welcome.locator('.monaco-button', { hasText: 'Select Python Interpreter' })).toBeVisible();
    await expect.poll(() => code.languageStatus()).toContain('There is no torch in .venv/bin/python');
    await code.picture('no-torch');
    await expect(code.errors).toHaveCount(0);
    await expect(code.page.locator('.notification-toast')).toHaveCount(0);
    await code.welcome.locator('.monaco-button', { hasText: 'Select Python Interpreter' }).click();
    const offered = code.page.locator('.quick-input-list .monaco-list-row', { hasText: '.venv of demo' });
    await expect(offered).toContainText('no torch');
    await code.picture('select-interpreter');
  });
});

test.describe('a Python that is not there', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: VS Code's variables look like this.
  test.use({ settings: { 'fxlens.interpreter': '${workspaceFolder}/../environment' } });

  test('the sidebar says so; once it is there, trying again is enough', async ({ code, workspace }) => {
    await code.open('resnet_features.py');
    await code.openSidebar();
    await expect(code.welcome).toContainText('No usable Python was found');
    await expect.poll(() => code.languageStatus()).toContain('there is no Python at');
    await expect(code.errors).toHaveCount(0);
    symlinkSync(VENV, join(workspace.root, 'environment'));
    await code.welcome.locator('.monaco-button', { hasText: 'Try Again' }).click();
    await expect(code.treeItem('layer1')).toBeVisible();
    await expect(code.errors).toHaveCount(1);
  });
});

test.describe('no Python for the language server', () => {
  // With VSCODE_CLI, PATH is taken from here and not from a login shell.
  test.use({ environment: { PATH: '/nowhere', VSCODE_CLI: '1' }, settings: { 'fxlens.interpreter': '' } });

  test('the sidebar and the status item say what to do', async ({ code }) => {
    await code.open('resnet_features.py');
    await code.openSidebar();
    await expect(code.welcome).toContainText('it needs a Python 3.10 or newer');
    await expect.poll(() => code.languageStatus()).toContain('not running');
    await code.picture('no-python');
    await expect(code.page.locator('.notification-toast')).toHaveCount(0);
  });
});
