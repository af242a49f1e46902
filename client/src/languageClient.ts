// The library that speaks LSP, by itself: it is loaded when the server is started, not while VS Code waits for us.
import type { CancellationToken } from 'vscode';
import { LanguageClient } from 'vscode-languageclient/node';
import type { Notification, Request } from './protocol';

export { RevealOutputChannelOn, State } from 'vscode-languageclient/node';

export class QuietClient extends LanguageClient {
  /** Failures are shown where one looks for us (status item, sidebar, log), not as notifications nobody asked for. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  ask<P, R>({ method }: Request<P, R>, parameters: P, token?: CancellationToken): Promise<R> {
    // An argument that is undefined would count as a second parameter.
    return token ? this.sendRequest<R>(method, parameters, token) : this.sendRequest<R>(method, parameters);
  }

  tell<P>({ method }: Notification<P>, parameters: P): Promise<void> {
    return this.sendNotification(method, parameters);
  }

  listen<P>({ method }: Notification<P>, listener: (parameters: P) => void): void {
    this.onNotification(method, listener);
  }
}
