// A workspace of folders, each with an environment of its own: two with different packages, and one without torch.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VENV_PYTHON } from '../../scripts/lib/paths.mjs';
import { test as base, expect } from './lib/test';
import type { VSCode } from './lib/vscode';
import { Workspace } from './lib/workspaces';

/** The same text in each folder: what it means is up to the `acme` that is installed there. */
const CALL = `from acme import Net
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(Net(), ["neck", "nekc"])
`;
/** What the module between stem and head is called in each environment's release of `acme`. */
const RELEASES = { first: 'neck', second: 'bridge' };
const FOLDERS = [...Object.keys(RELEASES), 'bare'];

const test = base.extend<object>({
  workspace: async ({ sample }, use) => {
    const workspace = Workspace.copyOf(sample);
    for (const name of FOLDERS) {
      workspace.write(join(name, `${name}.py`), CALL);
      makeEnvironment(join(workspace.folder, name, '.venv'));
    }
    for (const [name, module] of Object.entries(RELEASES)) {
      installTorch(join(workspace.folder, name, '.venv'));
      writeFileSync(join(packagesOf(pythonOf(join(workspace.folder, name, '.venv'))), 'acme.py'), acme(module));
    }
    workspace.write('three.code-workspace', JSON.stringify({ folders: FOLDERS.map((path) => ({ path })) }));
    await use(workspace);
    workspace.remove();
  },
});

test.use({ workspaceFile: 'three.code-workspace', settings: { 'fxlens.interpreter': '' } });

test('each folder of a workspace is read with its own interpreter, and one without torch says so', async ({ code }) => {
  test.setTimeout(240_000); // Two workers import torch here, each from packages that nothing has read yet.
  await code.openSidebar();
  await expectNames(code, 'first', { has: 'neck', lacks: 'bridge', errors: 1 });
  await expectNames(code, 'second', { has: 'bridge', lacks: 'neck', errors: 2 });
  await code.editor
    .locator('.view-line span', { hasText: /^"neck"$/ })
    .first()
    .hover();
  await expect(code.hover.first()).toContainText('The model has no node `neck`');
  await code.picture('folders');
  await openByName(code, 'bare.py');
  await expect(code.welcome).toContainText('has no PyTorch');
  await expect.poll(() => code.languageStatus()).toContain('There is no torch in bare/.venv/bin/python');
  await expect(code.errors).toHaveCount(0);
  await code.picture('folder-without-torch');
  await expectNames(code, 'first', { has: 'neck', lacks: 'bridge', errors: 1 });
  await code.run('FX Lens: Print Debug Information');
  const lines = code.editor.locator('.view-line');
  // Long lines are broken where the editor ends.
  for (const name of FOLDERS) {
    await expect(lines.filter({ hasText: new RegExp(`interpreter\\sof\\s.*${name}:\\s`) })).toHaveCount(1);
  }
  await expect(lines.filter({ hasText: /PyTorch\sis\snot\sinstalled/ }).first()).toBeVisible();
});

/** Open a folder's file: marks, tree and status item are those of its own environment. */
async function expectNames(
  code: VSCode,
  folder: string,
  { has, lacks, errors }: { has: string; lacks: string; errors: number },
): Promise<void> {
  await openByName(code, `${folder}.py`);
  await expect(code.treeItem(has)).toBeVisible();
  await expect(code.treeItem(lacks)).toHaveCount(0);
  // The misspelt name is marked everywhere, so that it is known that the names were checked.
  await expect(code.errors).toHaveCount(errors);
  await expect.poll(() => code.languageStatus()).toContain(`${folder}/.venv/bin/python`);
}

async function openByName(code: VSCode, name: string): Promise<void> {
  await code.press('Control+p');
  await code.page.locator('.quick-input-widget:visible input').fill(name);
  await code.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: name }).waitFor();
  await code.press('Enter');
  await code.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

/** An environment as people make one, and nothing in it. */
function makeEnvironment(folder: string): void {
  execFileSync(VENV_PYTHON, ['-m', 'venv', '--without-pip', folder]);
}

/** Make the packages of our own environment importable in another, without installing them a second time. */
function installTorch(environment: string): void {
  const packages = JSON.stringify(packagesOf(VENV_PYTHON));
  // A path alone would not run the `.pth` files that stand there.
  writeFileSync(
    join(packagesOf(pythonOf(environment)), 'development.pth'),
    `import site; site.addsitedir(${packages})\n`,
  );
}

function pythonOf(environment: string): string {
  return join(environment, 'bin', 'python');
}

function packagesOf(python: string): string {
  const ask = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  return execFileSync(python, ['-c', ask], { encoding: 'utf8' }).trim();
}

function acme(module: string): string {
  return `from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.${module} = nn.Conv2d(8, 8, 1)
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, images):
        return self.head(self.${module}(self.stem(images)))
`;
}
