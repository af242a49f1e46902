// Three logs, as three processes have something to say: ours, the language server, and the workers that read models.
import { type Disposable, type LogOutputChannel, window } from 'vscode';

export class Logs implements Disposable {
  readonly client: LogOutputChannel = window.createOutputChannel('FX Lens', { log: true });
  readonly server: LogOutputChannel = window.createOutputChannel('FX Lens: Language Server', { log: true });
  /** Also what users' code prints while its models are built. */
  readonly worker: LogOutputChannel = window.createOutputChannel('FX Lens: Worker', { log: true });

  dispose(): void {
    for (const log of [this.client, this.server, this.worker]) log.dispose();
  }
}
