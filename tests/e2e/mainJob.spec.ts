// The main job: names completed, checked, explained and browsable, in the real VS Code.
import { expect, test } from './lib/test';

test('a name is completed level by level and accepted whole', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1); // The model is known.
  await code.lensesAreNew();
  await code.goTo('resnet_features.py', '"layer3');
  await code.type('.');
  await expect(code.suggestion('0')).toBeVisible();
  await expect(code.suggestion('5')).toBeVisible();
  await code.type('1');
  await code.accept('1');
  await code.type('.');
  await expect(code.suggestion('conv1')).toBeVisible();
  await code.picture('completion');
  await code.type('relu_2');
  await code.accept('relu_2');
  await code.expectSaved('resnet_features.py', '"layer3.1.relu_2": "c4"');
  await expect(code.errors).toHaveCount(1);
});

test('the list opens in an unfinished dict, by quote and by Ctrl+Space', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  await code.goTo('resnet_features.py', '"layer4": "c5",');
  await code.press('Enter');
  await code.type('"');
  await expect(code.suggestion('layer1')).toBeVisible();
  await expect(code.suggestion('avgpool')).toBeVisible();
  await code.press('Escape', 'Control+Space');
  await expect(code.suggestion('conv1')).toBeVisible();
  await code.type('avg');
  await code.accept('avgpool', 'Tab');
  // Whether VS Code closes a quote depends on how far it has coloured the text by then.
  await code.expectSaved('resnet_features.py', '"avgpool');
});

test('a typo is marked, explained, and mended by its quick fix', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  const problems = await code.problems();
  await expect(problems.filter({ hasText: 'layer2.3.rleu_2' })).toHaveCount(1);
  await expect(problems.filter({ hasText: 'layer2.3.relu_2' })).toHaveCount(1);
  await code.goTo('resnet_features.py', 'layer2.3.rleu');
  const fix = await code.quickFix('layer2.3.relu_2');
  await code.picture('quick-fix');
  await fix.click();
  await expect(code.errors).toHaveCount(0);
  await code.expectSaved('resnet_features.py', '"layer2.3.relu_2": "c3"');
});

test('a name of one mode only is an error that says which', async ({ code }) => {
  await code.open('aux_features.py');
  await expect(code.errors).toHaveCount(1);
  const problems = await code.problems();
  await expect(problems.filter({ hasText: 'aux_head' })).toContainText('train');
});

test('hovering a query tells what it selects', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  await code.page
    .locator('.view-line span', { hasText: /^"layer1"$/ })
    .first()
    .hover();
  await expect(code.hover.filter({ hasText: 'layer1.2.relu_2' })).toBeVisible();
  await code.picture('hover');
});

test('the tree shows the model, copies a name, opens its source and stays', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  await code.openSidebar();
  await expect(code.treeItem('layer1')).toBeVisible();
  await code.unfold('layer1');
  await code.unfold('0');
  await expect(code.treeItem('relu_1')).toBeVisible();
  await code.treeItem('relu_1').hover();
  await code.picture('tree');
  await code.treeItem('relu_1').locator('.action-label[aria-label^="Copy Node Name"]').click();
  await expect.poll(() => code.clipboard()).toBe('layer1.0.relu_1');

  // The same by keyboard, for another row.
  await code.treeItem('conv1').last().click();
  await code.press('Control+c');
  await expect.poll(() => code.clipboard()).toBe('layer1.0.conv1');

  await code.press('F12');
  await code.page.locator('.tab.active[data-resource-name="resnet.py"]').waitFor();
  await expect(code.editor.locator('.view-line', { hasText: /out\s=\sself\.conv1\(x\)/ }).first()).toBeVisible();
  await expect(code.treeItem('relu_1')).toBeVisible();
  await code.picture('tree-source');
});

test('the tree marks what one mode has alone, and follows the file in front', async ({ code }) => {
  await code.openSidebar();
  await code.press('Control+Shift+e');
  await code.open('aux_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await expect(code.treeItem('aux_head')).toContainText('train');
  await expect(code.treeItem('stage1')).not.toContainText('train');
  await code.picture('tree-modes');
  await code.press('Control+Shift+e');
  await code.open('any_model.py');
  await code.openSidebar();
  await expect(code.treeItems()).toHaveCount(0);
  await expect(code.sidebar).toContainText('model');
  await expect(code.sidebar).not.toContainText('No extraction call');
  await code.picture('tree-unresolved');
  await code.press('Control+Shift+e');
  await code.openFolder('vision');
  await code.open('model.py');
  await code.openSidebar();
  await expect(code.welcome).toContainText('No extraction call');
});

test('the status item tells model, interpreter and why', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  const said = await code.languageStatus();
  expect(said).toContain('ResNet');
  expect(said).toContain('fxlens.interpreter');
  await code.picture('status');
});

test('debug information is printed, and a restart leaves everything working', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  await code.run('FX Lens: Print Debug Information');
  await expect(code.editor.locator('.view-line', { hasText: /FX\sLens:\sdebug\sinformation/ })).toBeVisible();
  await expect(code.editor.locator('.view-line', { hasText: /language\sserver\son\sPython/ })).toBeVisible();
  await code.picture('debug-information');
  await code.press('Control+PageUp');
  await code.run('FX Lens: Restart');
  await code.openSidebar();
  await expect(code.treeItem('layer1')).toBeVisible();
  await expect(code.errors).toHaveCount(1);
  await expect(code.page.locator('.notification-toast')).toHaveCount(0);
});
