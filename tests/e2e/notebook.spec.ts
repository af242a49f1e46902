// Notebooks in the real VS Code, with no extension for them but the built-in one.
import { expect, test } from './lib/test';

test('a name is marked and completed in a cell, from the model of the cell above', async ({ code }) => {
  const { page } = code;
  // Before the built-in extension is known, VS Code shows the file's text: open it again then.
  await expect(async () => {
    if (await page.locator('.tab').count()) await code.run('View: Close All Editors');
    await page.locator('.explorer-folders-view [role="treeitem"][aria-label^="features.ipynb"]').dblclick();
    await expect(page.locator('.notebookOverlay .view-line').first()).toBeVisible({ timeout: 5_000 });
  }).toPass();
  await expect(page.locator('.notebookOverlay .squiggly-error')).toHaveCount(1);
  const cell = page.locator('.notebookOverlay .cell-editor-container .view-line', { hasText: '"layer4"' });
  await cell.click();
  await code.press('End', 'Enter');
  await code.type('"');
  await expect(code.suggestion('layer1')).toBeVisible();
  await expect(code.suggestion('avgpool')).toBeVisible();
  await code.picture('notebook');
  await code.type('avg');
  await code.accept('avgpool');
  await expect(page.locator('.notebookOverlay .view-line', { hasText: '"avgpool"' })).toBeVisible();
  await expect(page.locator('.notebookOverlay .squiggly-error')).toHaveCount(1);
});
