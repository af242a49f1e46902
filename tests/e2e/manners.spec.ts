// What a good guest does: logs where one looks for them, a walkthrough, and nothing said that nobody asked for.
import { expect, test } from './lib/test';

test('each log has its command, the walkthrough its steps, and nothing pops up', async ({ code }) => {
  const { page } = code;
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  const output = page.locator('.panel .view-line');
  for (const [command, text] of [
    ['FX Lens: Show Log', /Starting\sthe\slanguage\sserver/],
    ['FX Lens: Show Worker Log', /is\sready:\sPython/],
  ] as const) {
    await code.run(command);
    await expect(output.filter({ hasText: text }).first()).toBeVisible();
  }
  await code.run('FX Lens: Show Language Server Log');
  await expect(page.locator('.panel .composite-bar, .panel .title-actions').first()).toBeVisible();
  await expect(output.filter({ hasText: /is\sready:\sPython/ })).toHaveCount(0);
  await code.run('FX Lens: Open Walkthrough');
  const steps = page.locator('.gettingStartedContainer .getting-started-step');
  await expect(steps).toHaveCount(4);
  await code.picture('walkthrough');
  await expect(page.locator('.notification-toast')).toHaveCount(0);
});
