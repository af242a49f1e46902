// No process of ours outlives VS Code, however it ends.
import { alive, extensionHosts, ours } from './lib/processes';
import { expect, test, windowOf } from './lib/test';

/** The killed server comes first: after it the window is as good as before. */
const KILLED = windowOf('processes that are killed');

test('a killed server is started again and answers; its worker is gone', KILLED, async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  const before = ours();
  const server = before.find(({ command }) => command.includes('bootstrap.py'));
  expect(server).toBeDefined();
  process.kill(server?.pid ?? 0, 'SIGKILL');
  await expect.poll(() => alive(before), { timeout: 5_000 }).toEqual([]);
  await expect.poll(() => ours().length).toBeGreaterThanOrEqual(2);
  await expect(code.errors).toHaveCount(1);
  await expect(code.page.locator('.notification-toast')).toHaveCount(0);
});

test('after the extension host is killed, none of our processes is left within 5 s', KILLED, async ({ code }) => {
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  const before = ours();
  expect(before.length).toBeGreaterThanOrEqual(2); // The server and a worker.
  const hosts = extensionHosts(code.serverPid);
  expect(hosts).toHaveLength(1);
  for (const { pid } of hosts) process.kill(pid, 'SIGKILL');
  await expect.poll(() => alive(before), { timeout: 5_000 }).toEqual([]);
});
