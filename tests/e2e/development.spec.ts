// F5: the launch and task files of this repository, in a VS Code that is open on it.
import { ROOT } from '../../scripts/lib/paths.mjs';
import { expect, OWN_WINDOW, test } from './lib/test';

test('F5 builds the client and opens the demo with it', OWN_WINDOW, async ({ code }) => {
  test.setTimeout(240_000);
  const server = new URL(code.page.url()).origin;
  await code.page.goto(`${server}/?folder=${encodeURIComponent(ROOT)}`);
  await code.ready();
  await code.file('package.json').waitFor();
  // Before the launch file is read, F5 would only open this view.
  await code.press('Control+Shift+d');
  await expect(code.page.locator('.start-debug-action-item')).toContainText('Run extension on the demo');
  // Until the debugger's extension is there the key does nothing. The window opens once the task before it, which sets
  // up and builds, has said that it is done.
  const opened = code.page.context().waitForEvent('page', { timeout: 90_000 });
  await expect(async () => {
    await code.press('F5');
    await expect(code.page.locator('.debug-toolbar, [id="status.runningTasks"]').first()).toBeVisible({
      timeout: 5_000,
    });
  }).toPass();
  const window = await opened;
  const asked = new URL(window.url());
  const payload = new Map<string, string>(JSON.parse(asked.searchParams.get('payload') ?? '[]'));
  expect(asked.searchParams.get('folder')).toBe(`${ROOT}/tests/workspaces/demo`);
  expect(payload.get('extensionDevelopmentPath')).toContain(ROOT);
  // In a browser no debugger can reach the extension host, which waits for it: open the same without one.
  const kept = [...payload].filter(([key]) => key === 'extensionDevelopmentPath');
  asked.searchParams.set('payload', JSON.stringify(kept));
  await window.close();
  await code.page.goto(asked.href);
  await code.ready();
  await code.warmUp();
  await code.run('Developer: Show Running Extensions');
  const row = code.page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'FX Lens' });
  await expect(row.first()).toBeVisible();
  await code.picture('development');
});
