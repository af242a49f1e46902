// "Check Workspace": problems of files that are not open, with progress, until somebody cancels it.
import { l10n, ProgressLocation, window } from 'vscode';
import { checkProgress, checkWorkspace } from './protocol';
import type { Server } from './server';
import { messageOf } from './time';

const NOTICE = 5_000;

export async function runWorkspaceCheck(server: Server): Promise<void> {
  const client = server.client;
  if (!client) return;
  const title = l10n.t('FX Lens: Checking the workspace');
  const options = { location: ProgressLocation.Notification, title, cancellable: true };
  await window.withProgress(options, async (progress, token) => {
    let before = 0;
    const listening = client.onNotification(checkProgress.method, ({ done, total, file }) => {
      const part = total > 0 ? (100 * done) / total : 0;
      progress.report({ message: l10n.t('{0} of {1}: {2}', done + 1, total, file), increment: part - before });
      before = part;
    });
    try {
      const { files, problems } = await client.ask(checkWorkspace, {}, token);
      const said = l10n.t('{0} unopened files with extraction calls, {1} problems', files, problems);
      window.setStatusBarMessage(`$(check) ${said}`, NOTICE);
    } catch (error) {
      if (!token.isCancellationRequested) window.showErrorMessage(`FX Lens: ${messageOf(error)}`);
    } finally {
      listening.dispose();
    }
  });
}
