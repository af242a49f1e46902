// The tree as a tool: ticks that write, a filter, one mode, the query under the cursor.
import { expect, test } from './lib/test';

test('a tick writes the name into the call, unticking takes it out, and one undo takes each back', async ({ code }) => {
  const file = 'resnet_features.py';
  await code.open(file);
  await expect(code.errors).toHaveCount(1);
  const before = code.workspace.read(file);
  await code.openSidebar();
  await expect(code.treeBox('layer1')).toBeChecked();
  await expect(code.treeBox('avgpool')).not.toBeChecked();
  await expect(code.treeItem('avgpool')).toContainText('1×2048×1×1'); // All is known: the rows stand.
  await code.treeBox('avgpool').click();
  await expect(code.treeBox('avgpool')).toBeChecked();
  await expect(code.errors).toHaveCount(1); // The typo that was there, and no other.
  await code.picture('tree-ticked');
  await code.editor
    .locator('.view-line', { hasText: /extractor/ })
    .first()
    .click();
  await code.expectSaved(file, '        "layer4": "c5",\n        "avgpool": "avgpool",\n    },\n');
  await code.treeBox('layer1').click();
  await expect(code.treeBox('layer1')).not.toBeChecked();
  await code.editor
    .locator('.view-line', { hasText: /extractor/ })
    .first()
    .click();
  await code.save();
  await expect.poll(() => code.workspace.read(file)).not.toContain('"layer1": "c2"');
  await code.press('Control+z', 'Control+z');
  await code.save();
  await expect.poll(() => code.workspace.read(file)).toBe(before);
});

test('ticks in quick succession are all written', async ({ code }) => {
  const file = 'resnet_features.py';
  await code.open(file);
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await expect(code.treeItem('avgpool')).toContainText('1×2048×1×1');
  for (const name of ['conv1', 'maxpool', 'avgpool']) await code.treeBox(name).click();
  for (const name of ['conv1', 'maxpool', 'avgpool']) await expect(code.treeBox(name)).toBeChecked();
  await expect(code.errors).toHaveCount(1);
  await code.save();
  const added = ['conv1', 'maxpool', 'avgpool'].map((name) => `        "${name}": "${name}",\n`).join('');
  await expect.poll(() => code.workspace.read(file)).toContain(`"layer4": "c5",\n${added}    },`);
});

test('a filter leaves what fits, opened, and Escape brings the rest back', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await expect(code.treeItem('avgpool')).toBeVisible();
  await code.page.locator('.sidebar .action-label[aria-label^="Filter Model Tree"]').first().click();
  await code.page.locator('.quick-input-widget:visible input').waitFor();
  await code.type('downsample.0');
  await expect(code.treeItem('downsample')).toHaveCount(4);
  await expect(code.treeItem('avgpool')).toHaveCount(0);
  await expect(code.sidebar).toContainText('4 of 17');
  // A narrow side bar's own line may lie below the box.
  await expect(code.page.locator('.quick-input-widget:visible')).toContainText('4 of 17');
  await code.picture('tree-filter');
  await code.press('Escape');
  await expect(code.treeItem('avgpool')).toBeVisible();
});

test('one mode at a time, and the node of the query under the cursor', async ({ code }) => {
  await code.open('aux_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await expect(code.treeItem('aux_head')).toBeVisible();
  await code.run('FX Lens: Show Nodes of Eval Mode Only');
  await expect(code.treeItem('aux_head')).toHaveCount(0);
  await expect(code.treeItem('head')).toBeVisible();
  await code.picture('tree-eval');
  await code.run('FX Lens: Show Nodes of Both Modes');
  await code.editor.locator('.view-line', { hasText: /AuxNet\(num/ }).click();
  await code.goTo('aux_features.py', '"stage1.1');
  await expect(code.treeItem('1').and(code.page.locator('[aria-selected="true"]'))).toBeVisible();
  await code.picture('tree-revealed');
});

test('a node dragged into the editor is its name', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await expect(code.treeItem('avgpool')).toBeVisible();
  const target = code.editor.locator('.view-line').filter({ hasText: /^\s*$/ }).first(); // An empty line.
  await code
    .treeItem('avgpool')
    .locator('.label-name')
    .dragTo(target, { targetPosition: { x: 4, y: 8 } });
  await expect(code.editor.locator('.view-line', { hasText: /^avgpool/ })).toHaveCount(1);
});

test('keys alone tick, copy and go to a source, beside which the tree still works', async ({ code }) => {
  const file = 'resnet_features.py';
  await code.open(file);
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await expect(code.treeItem('avgpool')).toContainText('1×2048×1×1');
  await code.run('FX Lens: Show Model Tree');
  // The command is done before the tree has the focus: the first keys may still go to the text.
  await expect(async () => {
    await code.press('Home', 'ArrowDown');
    await expect(code.treeItem('conv1')).toHaveClass(/focused/, { timeout: 5_000 });
  }).toPass();
  await code.press('Space');
  await expect(code.treeBox('conv1')).toBeChecked();
  await code.press('ArrowDown');
  await expect(code.treeItem('bn1')).toHaveClass(/focused/);
  await code.press('Control+c');
  await expect.poll(() => code.clipboard()).toBe('bn1');
  await code.press('F12');
  await code.page.locator('.tab.active[data-resource-name="resnet.py"]').waitFor();
  await code.treeBox('avgpool').click();
  await expect(code.treeBox('avgpool')).toBeChecked();
  await code.page.locator('.sidebar .action-label[aria-label^="Filter Model Tree"]').first().click();
  await code.page.locator('.quick-input-widget:visible input').waitFor();
  await code.type('downsample.0');
  await expect(code.treeItem('downsample')).toHaveCount(4);
  await code.press('Enter');
  await code.picture('tree-beside-source');
  await code.page.locator(`.tab[data-resource-name="${file}"]`).click();
  await code.expectSaved(file, '        "conv1": "conv1",\n        "avgpool": "avgpool",\n    },\n');
});

test('of a wrong name the tree shows the nearest part that exists', async ({ code }) => {
  code.workspace.write(
    'slip.py',
    `from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer2.1.rleu"])
`,
  );
  await code.open('slip.py');
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await code.goTo('slip.py', 'layer2.1.rl');
  await expect(code.treeItem('1')).toHaveAttribute('aria-selected', 'true');
  await code.picture('tree-of-a-wrong-name');
});
