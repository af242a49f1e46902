import { expect, OWN_WINDOW, test } from './lib/test';

test('the extension is there, and says nothing until a Python file is open', OWN_WINDOW, async ({ code }) => {
  await code.openSidebar();
  await expect(code.welcome).toContainText('Open a Python file');
  await code.picture('welcome');
  await expect(code.page.locator('.notification-toast')).toHaveCount(0);
});

test('the demo shows its mistakes', async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  await expect(code.page.locator('.notification-toast')).toHaveCount(0);
  await code.openSidebar();
  await expect(code.treeItem('layer4')).toBeVisible();
  await code.unfold('layer1');
  await expect(code.treeItem('0')).toBeVisible();
  await code.picture('overview');
});
