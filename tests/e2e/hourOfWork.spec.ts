// What a person meets in an hour of work: shapes and stages named, names kept and found, pages to read, Pythons to choose.
import { expect, test } from './lib/test';

const FILE = 'resnet_features.py';

test('lens, hints and hover tell stages, shapes and the input they are for', async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  const lens = code.editor.locator('.codelens-decoration a', { hasText: 'c2 1/4 256' });
  await expect(lens).toContainText('c5 1/32 2,048');
  const quoted = code.page.locator('.view-line span', { hasText: /^"layer1"$/ }).first();
  await quoted.hover();
  const card = code.hover.filter({ hasText: 'layer1.2.relu_2' });
  await expect(card).toContainText('1×64×56×56 → 1×256×56×56');
  await expect(card).toContainText('Stage c2, 1/4 of the input, 256 channels.');
  await expect(card).toContainText('an input of 1×3×224×224');
  await code.picture('hour-hover');
});

test('another segment keeps the rest of the name, and a part of a name finds it', async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  await code.goTo(FILE, 'layer2.3.rleu_2', 6);
  await code.press('Control+Space');
  await expect(code.suggestion('layer3')).toBeVisible();
  await code.type('3');
  await code.press('Escape');
  await code.press('Backspace', 'Control+Space');
  await expect(code.suggestion('layer4')).toBeVisible();
  await code.picture('hour-completion');
  await code.press('Escape');
});

test('the tree says which call it edits, and what is in it copies as code', async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await expect(code.treeItem('layer1')).toContainText('1×256×56×56');
  await expect(code.sidebar).toContainText('shapes for an input of 1×3×224×224');
  await code.treeItem('layer1').click();
  await code.run('FX Lens: Copy as dict');
  await expect
    .poll(() => code.clipboard())
    .toBe('{"layer1.0": "layer1.0", "layer1.1": "layer1.1", "layer1.2": "layer1.2"}');
  await code.run('FX Lens: Copy as Hook');
  await expect.poll(() => code.clipboard()).toContain('model.layer1.register_forward_hook(');
  await code.picture('hour-tree');
});

test('debug information and rules are pages to read, and Pythons are listed with their torch', async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  const problems = await code.problems();
  await problems
    .filter({ hasText: 'rleu_2' })
    .locator('a', { hasText: 'unknown-node' })
    .click({ modifiers: ['Control'] });
  await expect(code.page.locator('.tab.active')).toContainText('Preview');
  await code.picture('hour-rule');
  await code.run('FX Lens: Print Debug Information');
  await expect(code.page.locator('.tab.active')).toContainText('debug information');
  await code.run('FX Lens: Copy Debug Information');
  await expect.poll(() => code.clipboard()).toContain('# FX Lens: debug information');
  await code.picture('hour-debug');
  await code.run('FX Lens: Select Python Interpreter');
  const rows = code.page.locator('.quick-input-list .monaco-list-row');
  await expect(rows.filter({ hasText: /torch 2\.|no torch/ }).first()).toBeVisible();
  await expect(rows.filter({ hasText: 'Browse' })).toBeVisible();
  await code.picture('hour-interpreters');
  await code.press('Escape');
});
