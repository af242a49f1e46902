// What a good guest does: logs where one looks for them, a walkthrough, and nothing said that nobody asked for.
import { expect, test } from './lib/test';

test('each log has its command, the walkthrough its steps, and nothing pops up', async ({ code }) => {
  const { page } = code;
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  // Which log is in front is seen, not what it says: the embedded VS Code has no native logger, and its logs stay empty.
  const log = page.locator('.panel select.monaco-select-box').first();
  for (const [command, name] of [
    ['FX Lens: Show Log', 'FX Lens'],
    ['FX Lens: Show Worker Log', 'FX Lens: Worker'],
    ['FX Lens: Show Language Server Log', 'FX Lens: Language Server'],
  ] as const) {
    await code.run(command);
    await expect(log.locator('option:checked')).toHaveText(name);
  }
  await code.openSidebar();
  await expect(code.treeBox('avgpool')).toBeVisible();
  await code.run('FX Lens: Open Walkthrough');
  const steps = page.locator('.gettingStartedContainer .getting-started-step');
  await expect(steps).toHaveCount(4);
  // What was done before it was first opened is ticked, too.
  for (const step of [0, 1, 3]) await expect(steps.nth(step).locator('.codicon.complete').first()).toBeVisible();
  await code.picture('walkthrough');
  await page.locator('.gettingStartedContainer .monaco-button', { hasText: 'Open an Example' }).first().click();
  await expect(page.locator('.tab.active')).toContainText('Untitled-1');
  await expect(code.editor.locator('.codelens-decoration a', { hasText: 'c2 1/4' })).toContainText('M parameters');
  await expect(code.treeBox('avgpool')).toBeVisible();
  await code.picture('example');
  await expect(page.locator('.notification-toast')).toHaveCount(0);
});
