// Restricted Mode: nothing of the workspace is run or probed, until it is trusted.
import { join } from 'node:path';
import { ours } from './lib/processes';
import { expect, test } from './lib/test';
import { trapInterpreter } from './lib/workspaces';

test.use({
  settings: {
    'fxlens.interpreter': '',
    'security.workspace.trust.enabled': true,
    'security.workspace.trust.startupPrompt': 'never',
    'security.workspace.trust.banner': 'never',
  },
});

test('nothing of the workspace runs before it is trusted, and its models are read after', async ({
  code,
  workspace,
}) => {
  // VS Code is open on the folder already; the trap is laid before the first Python file wakes the extension.
  const canary = trapInterpreter(workspace);
  await code.open('resnet_features.py');
  await code.openSidebar();
  await expect(code.welcome).toContainText('Restricted Mode');
  await expect(code.welcome.locator('.monaco-button', { hasText: 'Manage Workspace Trust' })).toBeVisible();
  // The language server runs (text features stay), and answers for this file; nothing else was started.
  await expect.poll(() => code.languageStatus()).toContain('Restricted Mode');
  await code.picture('restricted');
  expect(ours().map(({ command }) => command)).toEqual([expect.stringContaining(join('server', 'bootstrap.py'))]);
  expect(canary()).toBe('');
  await expect(code.errors).toHaveCount(0);

  await code.welcome.locator('.monaco-button', { hasText: 'Manage Workspace Trust' }).click();
  await code.page.locator('.workspace-trust-editor .monaco-button', { hasText: /^Trust$/ }).click();
  await expect(code.treeItem('layer1')).toBeVisible();
  expect(canary()).not.toBe('');
  await code.press('Escape'); // The page on trust lies over the editor.
  await expect(code.errors).toHaveCount(1);
  await code.picture('trusted');
});
