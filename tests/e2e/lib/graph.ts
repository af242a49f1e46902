// The graph view as a person uses it: its page is two frames deep in an editor's tab.
import { expect, type FrameLocator, type Locator } from '@playwright/test';
import type { VSCode } from './vscode';

export class GraphView {
  readonly page: FrameLocator;

  constructor(private readonly code: VSCode) {
    this.page = code.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }

  get tab(): Locator {
    return this.code.page.locator('.tab', { hasText: 'Graph' });
  }

  /** The card or the frame of a node, a group or a folded run. */
  node(id: string): Locator {
    return this.page.locator(`[role="treeitem"][data-id="${id}"]`);
  }

  /** A card whose name begins so: a folded run has no name of its own. */
  run(name: string): Locator {
    return this.page.locator(`[role="treeitem"][aria-label^="${name}"]`);
  }

  get title(): Locator {
    return this.page.locator('.bar .title');
  }

  get about(): Locator {
    return this.page.locator('.bar .about');
  }

  get details(): Locator {
    return this.page.locator('.details');
  }

  get current(): Locator {
    return this.page.locator('[role="treeitem"].current');
  }

  async open(): Promise<void> {
    await this.code.run('FX Lens: Show Graph');
    await expect(this.title).not.toBeEmpty();
  }

  async close(): Promise<void> {
    await this.tab.click({ button: 'middle' });
    await expect(this.tab).toHaveCount(0);
  }

  /** Click beside the middle, where no line and no tick is. */
  async click(id: string): Promise<void> {
    await this.node(id).click({ position: { x: 40, y: 16 } });
  }

  async expand(id: string): Promise<void> {
    await this.click(id);
    await expect(this.node(id)).toHaveAttribute('aria-expanded', 'true');
  }

  /** Take an entry of a node's menu. */
  async menu(id: string, entry: string): Promise<void> {
    await this.node(id).click({ position: { x: 40, y: 16 }, button: 'right' });
    await this.code.menu(entry);
  }

  async tick(id: string): Promise<void> {
    await this.node(id).hover({ position: { x: 40, y: 16 } });
    await this.node(id).locator('.tick-area').click();
  }
}
