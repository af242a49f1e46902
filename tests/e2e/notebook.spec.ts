// Notebooks in the real VS Code, with no extension for them but the built-in one.
import { expect, test } from './lib/test';
import type { VSCode } from './lib/vscode';

test('a name is marked and completed in a cell, from the model of the cell above', async ({ code }) => {
  const { page } = code;
  await openNotebook(code, 'features.ipynb');
  const cell = page.locator('.notebookOverlay .cell-editor-container .view-line', { hasText: '"layer4"' });
  const lines = page.locator('.notebookOverlay .cell-editor-container .view-line');
  const before = await lines.count();
  await cell.click();
  await code.press('End', 'Enter');
  await code.type('"');
  await expect(code.suggestion('layer1')).toBeVisible();
  await expect(code.suggestion('avgpool')).toBeVisible();
  await code.picture('notebook');
  await code.type('avg');
  await code.accept('avgpool');
  // Whether VS Code closes a quote depends on how far it has coloured the text by then.
  await expect(page.locator('.notebookOverlay .view-line', { hasText: '"avgpool' })).toBeVisible();
  await expect(page.locator('.notebookOverlay .squiggly-error')).toHaveCount(1);
  // VS Code shows a notebook that was closed with changes with them when it is opened again soon after.
  await expect(async () => {
    await code.press('Control+z');
    await expect(lines).toHaveCount(before, { timeout: 1_000 });
  }).toPass();
});

test('a cell has its hover, and its tree, which writes into it', async ({ code }) => {
  const { page } = code;
  await openNotebook(code, 'features.ipynb');
  const cell = page.locator('.notebookOverlay .cell-editor-container .view-line', { hasText: '"layer4"' });
  await cell.click();
  await code.openSidebar();
  await expect(code.treeBox('layer4')).toBeChecked();
  await expect(code.treeItem('avgpool')).toContainText('1×2048×1×1'); // All is known: the rows stand.
  await code.treeBox('avgpool').click();
  await expect(page.locator('.notebookOverlay .view-line', { hasText: '"avgpool": "avgpool",' })).toBeVisible();
  await expect(code.treeBox('avgpool')).toBeChecked();
  await cell.locator('span', { hasText: /^"layer4"$/ }).hover();
  await expect(code.hover.first()).toContainText('layer4.2.relu_2');
  await expect(page.locator('.notebookOverlay .squiggly-error')).toHaveCount(1); // The typo that was there.
  await code.picture('notebook-hover-and-tree');
});

test('a class of a cell is found there, from a name and from the tree', async ({ code }) => {
  const { page } = code;
  await openNotebook(code, 'net.ipynb');
  const focused = page.locator('.notebookOverlay .monaco-editor.focused');
  const name = page.locator('.notebookOverlay .view-line span', { hasText: /^"stem"$/ }).first();
  await name.click();
  await expect(focused).toContainText(/create_feature_extractor\(Net/);
  await code.press('F12');
  await expect(focused).toContainText(/class\sNet/);
  await code.picture('notebook-definition');
  await name.click();
  await expect(focused).toContainText(/create_feature_extractor\(Net/);
  await code.openSidebar();
  await code.treeItem('stem').hover();
  await code.treeItem('stem').locator('.action-label[aria-label^="Go to"]').click();
  await expect(focused).toContainText(/class\sNet/);
});

/** Before the built-in extension is known, VS Code shows the file's text: open it again then. */
async function openNotebook(code: VSCode, file: string): Promise<void> {
  await expect(async () => {
    if (await code.page.locator('.tab').count()) await code.run('View: Close All Editors');
    await code.file(file).dblclick();
    await expect(code.page.locator('.notebookOverlay .view-line').first()).toBeVisible({ timeout: 5_000 });
  }).toPass();
  await expect(code.page.locator('.notebookOverlay .squiggly-error')).toHaveCount(1);
}

test('references lead into a cell of a notebook that is not open', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.goTo('resnet_features.py', '"layer4');
  await code.run('References: Find All References');
  // The explorer has a row of that name, too.
  const rows = code.page.getByRole('tree', { name: 'References' }).locator('.monaco-list-row');
  await rows.filter({ hasText: 'features.ipynb' }).click();
  await expect(rows.filter({ hasText: '"layer4"' })).toHaveCount(2);
  await code.picture('references');
  await rows.filter({ hasText: '"layer4"' }).last().click();
  await expect(code.page.locator('.notebookOverlay .view-line', { hasText: '"layer4"' })).toBeVisible();
  await code.picture('reference-in-notebook');
});
