// A workspace of two folders, each with an interpreter of its own.
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VENV_PYTHON } from '../../scripts/lib/paths.mjs';
import { test as base, expect } from './lib/test';
import { Workspace } from './lib/workspaces';

const CALL = `from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1.0.rleu"])
`;

const test = base.extend<object>({
  workspace: async ({ sample }, use) => {
    const workspace = Workspace.copyOf(sample);
    for (const name of ['first', 'second']) {
      const python = join(name, '.venv', 'bin', 'python');
      workspace.write(
        python,
        `#!/bin/sh\necho started >> '${join(workspace.root, name)}'\nexec '${VENV_PYTHON}' "$@"\n`,
      );
      chmodSync(join(workspace.folder, python), 0o755);
      workspace.write(join(name, `${name}.py`), CALL);
    }
    workspace.write('two.code-workspace', JSON.stringify({ folders: [{ path: 'first' }, { path: 'second' }] }));
    await use(workspace);
    workspace.remove();
  },
});

test.use({ workspaceFile: 'two.code-workspace', settings: { 'fxlens.interpreter': '' } });

test('each folder of a workspace is asked for its own interpreter', async ({ code, workspace }) => {
  const started = (name: string) => existsSync(join(workspace.root, name)) && readFileSync(join(workspace.root, name));
  for (const name of ['first', 'second']) {
    await code.press('Control+p');
    await code.page.locator('.quick-input-widget:visible input').fill(`${name}.py`);
    await code.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: `${name}.py` }).waitFor();
    await code.press('Enter');
    await code.page.locator(`.tab.active[data-resource-name="${name}.py"]`).waitFor();
    await expect(code.errors).toHaveCount(1);
    await expect.poll(() => code.languageStatus()).toContain('.venv/bin/python');
    expect(started(name)).toBeTruthy();
  }
  await code.run('FX Lens: Print Debug Information');
  const lines = code.editor.locator('.view-line');
  await expect(lines.filter({ hasText: /interpreter\sof\s.*first:\s.*\.venv.bin.python/ })).toHaveCount(1);
  await expect(lines.filter({ hasText: /interpreter\sof\s.*second:\s.*\.venv.bin.python/ })).toHaveCount(1);
  await code.picture('two-folders');
});
