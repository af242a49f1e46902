// Rename beside another extension that renames Python names, as Pylance does; VS Code asks one of the two.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXTENSIONS, extensionsFolder } from './lib/extensions';
import { expect, test } from './lib/test';
import type { VSCode } from './lib/vscode';

const NET = `from torch import nn


class Net(nn.Module):
    """The body of a network."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 3))

    def forward(self, x):
        return self.body(self.stem(x))
`;
const USE = `from rename_net import Net
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(Net(), ["stem", "body.1"])
`;

// Renames a word wherever it stands in the document, but not where the caret is in a string.
const OTHER = `const vscode = require('vscode');
exports.activate = (context) =>
  context.subscriptions.push(
    vscode.languages.registerRenameProvider({ language: 'python' }, {
      prepareRename(document, position) {
        const before = document.lineAt(position.line).text.slice(0, position.character);
        if (before.split('"').length % 2 === 0) throw new Error('Not in a string.');
        return document.getWordRangeAtPosition(position);
      },
      provideRenameEdits(document, position, name) {
        const word = document.getText(document.getWordRangeAtPosition(position));
        const edit = new vscode.WorkspaceEdit();
        for (const match of document.getText().matchAll(new RegExp('\\\\b' + word + '\\\\b', 'g'))) {
          const start = document.positionAt(match.index);
          edit.replace(document.uri, new vscode.Range(start, start.translate(0, word.length)), name);
        }
        return edit;
      },
    }),
  );
`;

let folder: string;
let installed: string;

test.use({ files: { 'rename_net.py': NET, 'rename_use.py': USE } });

test.beforeAll(() => {
  installed = extensionsFolder();
  folder = mkdtempSync(join(tmpdir(), 'fxlens-e2e-rename-'));
  // VS Code makes its list of them anew where it is missing.
  cpSync(installed, folder, { recursive: true, filter: (path) => !path.endsWith('extensions.json') });
  const other = join(folder, 'tests.other-0.0.1');
  mkdirSync(other);
  const engines = { vscode: '^1.90.0' };
  const manifest = { name: 'other', publisher: 'tests', version: '0.0.1', engines, main: './main.js' };
  writeFileSync(join(other, 'package.json'), JSON.stringify({ ...manifest, activationEvents: ['onLanguage:python'] }));
  writeFileSync(join(other, 'main.js'), OTHER);
  process.env[EXTENSIONS] = folder;
});

test.afterAll(() => {
  process.env[EXTENSIONS] = installed; // The next file's tests run in this process, too.
  rmSync(folder, { recursive: true, force: true });
});

test('a rename takes the other extension’s edits and adds the queries', async ({ code }) => {
  test.setTimeout(240_000);
  await code.open('rename_use.py');
  // The shapes stand behind the names: the model is known.
  await expect(code.editor).toContainText('4×', { timeout: 120_000 });

  await test.step('from a segment of a query', async () => {
    await code.goTo('rename_use.py', '"bo');
    await rename(code, 'trunk');
    await expect.poll(() => code.workspace.read('rename_use.py')).toContain('"trunk.1"');
    await expect.poll(() => code.workspace.read('rename_net.py')).toContain('return self.trunk(self.stem(x))');
    // What the other extension alone does.
    expect(code.workspace.read('rename_net.py')).toContain('The trunk of a network.');
  });

  await test.step('from a use in forward', async () => {
    await code.open('rename_net.py');
    await code.goTo('rename_net.py', 'self.trunk(self.st');
    await rename(code, 'entry');
    await expect.poll(() => code.workspace.read('rename_use.py')).toContain('["entry", "trunk.1"]');
    await expect.poll(() => code.workspace.read('rename_net.py')).toContain('self.entry = nn.Conv2d');
  });
});

async function rename(code: VSCode, name: string): Promise<void> {
  const box = code.page.locator('.rename-box input');
  await expect(async () => {
    await code.press('F2');
    await expect(box).toBeVisible({ timeout: 15_000 });
  }).toPass({ timeout: 60_000 });
  await code.page.screenshot({ path: test.info().outputPath(`${name}.png`) });
  await box.fill(name);
  await code.press('Enter');
  await expect(box).toBeHidden();
}
