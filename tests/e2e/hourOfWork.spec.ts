// What a person meets in an hour of work: shapes and stages, and the input they are for, named where one looks.
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
