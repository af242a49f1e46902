// A workspace of folders, each with an interpreter of its own: one that works, another that works, one without torch.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { VENV_PYTHON } from '../../scripts/lib/paths.mjs';
import { test as base, expect } from './lib/test';
import type { VSCode } from './lib/vscode';
import { Workspace } from './lib/workspaces';

const CALL = `from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1.0.rleu"])
`;
const FOLDERS = ['first', 'second', 'bare'];

const test = base.extend<object>({
  workspace: async ({ sample }, use) => {
    const workspace = Workspace.copyOf(sample);
    for (const name of FOLDERS) workspace.write(join(name, `${name}.py`), CALL);
    for (const name of ['first', 'second']) {
      const python = join(name, '.venv', 'bin', 'python');
      workspace.write(
        python,
        `#!/bin/sh\necho started >> '${join(workspace.root, name)}'\nexec '${VENV_PYTHON}' "$@"\n`,
      );
      chmodSync(join(workspace.folder, python), 0o755);
    }
    // An environment as people make one, and nothing in it.
    execFileSync(VENV_PYTHON, ['-m', 'venv', '--without-pip', join(workspace.folder, 'bare', '.venv')]);
    workspace.write('three.code-workspace', JSON.stringify({ folders: FOLDERS.map((path) => ({ path })) }));
    await use(workspace);
    workspace.remove();
  },
});

test.use({ workspaceFile: 'three.code-workspace', settings: { 'fxlens.interpreter': '' } });

test('each folder of a workspace is asked for its own interpreter, and one without torch says so', async ({
  code,
  workspace,
}) => {
  await code.openSidebar();
  for (const name of ['first', 'second']) {
    await openByName(code, `${name}.py`);
    await expect(code.errors).toHaveCount(1);
    await expect(code.treeItem('layer1')).toBeVisible();
    await expect.poll(() => code.languageStatus()).toContain('.venv/bin/python');
    expect(existsSync(join(workspace.root, name))).toBe(true);
  }
  await openByName(code, 'bare.py');
  await expect(code.welcome).toContainText('has no PyTorch');
  await expect.poll(() => code.languageStatus()).toContain('has no torch');
  await expect(code.errors).toHaveCount(0);
  await code.picture('folder-without-torch');
  await openByName(code, 'first.py');
  await expect(code.errors).toHaveCount(1);
  await expect(code.treeItem('layer1')).toBeVisible();
  await code.run('FX Lens: Print Debug Information');
  const lines = code.editor.locator('.view-line');
  // The first two are scripts that start one and the same Python; long lines are broken where the editor ends.
  for (const python of [/first:\s.*\.venv.bin.python/, /second:\s.*\.venv.bin.python/, /bare:\s.*bare.\.venv.bin/]) {
    await expect(lines.filter({ hasText: python })).toHaveCount(1);
  }
  await expect(lines.filter({ hasText: /PyTorch\sis\snot\sinstalled/ }).first()).toBeVisible();
});

async function openByName(code: VSCode, name: string): Promise<void> {
  await code.press('Control+p');
  await code.page.locator('.quick-input-widget:visible input').fill(name);
  await code.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: name }).waitFor();
  await code.press('Enter');
  await code.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}
