// What stands between and behind the lines: code lens, inlay hints, definitions.
import { expect, test } from './lib/test';

test('a lens tells what the model is and opens its tree; hints tell shapes', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  const lens = code.editor.locator('.codelens-decoration a', { hasText: 'parameters' });
  await expect(lens).toContainText('M parameters');
  await expect(code.editor.locator('.view-line', { hasText: /256×56×56/ })).toHaveCount(1);
  await code.picture('lens-and-hints');
  await lens.click();
  await expect(code.treeItem('layer1')).toBeVisible();
});

test('definition leads into own code', async ({ code }) => {
  await code.open('aux_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.goTo('aux_features.py', '"aux_he');
  await code.press('F12');
  await code.page.locator('.tab.active[data-resource-name="model.py"]').waitFor();
  await code.picture('definition-own');
});

test('definition leads into the library', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.goTo('resnet_features.py', '"laye');
  await code.press('F12');
  await code.page.locator('.tab.active[data-resource-name="resnet.py"]').waitFor();
  await code.picture('definition-library');
});
