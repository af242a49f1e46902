// VS Code as a person at the keyboard uses it. Waits for what is seen, never for time.
import { join } from 'node:path';
import { expect, type Locator, type Page, type TestInfo } from '@playwright/test';
import type { Workspace } from './workspaces';

export class VSCode {
  readonly editor: Locator;
  readonly suggestions: Locator;
  readonly hover: Locator;
  readonly errors: Locator;
  readonly warnings: Locator;

  constructor(
    readonly page: Page,
    readonly workspace: Workspace,
    private readonly info: TestInfo,
    readonly serverPid: number,
    private readonly pictures: string | undefined,
  ) {
    this.editor = page.locator('.editor-instance .monaco-editor').first();
    this.suggestions = page.locator('.suggest-widget.visible');
    this.hover = page.locator('.monaco-hover:not(.hidden) .monaco-hover-content');
    this.errors = page.locator('.squiggly-error');
    this.warnings = page.locator('.squiggly-warning');
  }

  /** The workbench stands, the explorer shows the folder, and what extensions add to VS Code is there. */
  async ready(): Promise<void> {
    await this.page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: 120_000 });
    await this.activity.waitFor({ timeout: 120_000 });
  }

  /** Our icon in the activity bar. */
  private get activity(): Locator {
    return this.page.locator('.activitybar .action-item:has([aria-label^="FX Lens"])').first();
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text, { delay: 30 });
  }

  /** Run a command of the palette by its title. */
  async run(title: string): Promise<void> {
    await this.palette(title, (rows) => rows.filter({ hasText: title }).first().click({ timeout: 5_000 }));
  }

  /** Look a command up in the palette, and `choose` among the rows there are for it. */
  private async palette(title: string, choose: (rows: Locator) => Promise<void>): Promise<void> {
    // A view that an earlier command opened may take the focus late, and VS Code then closes the palette.
    await expect(async () => {
      await this.press('F1');
      await this.page.locator('.quick-input-widget:visible input').fill(`>${title}`, { timeout: 5_000 });
      await choose(this.page.locator('.quick-input-list .monaco-list-row'));
    }).toPass({ timeout: 60_000 });
    await this.page.locator('.quick-input-widget:visible').waitFor({ state: 'hidden' });
  }

  /** Take an entry of the open context menu. */
  async menu(entry: string): Promise<void> {
    const label = this.page.locator('.monaco-menu .action-label', { hasText: entry });
    await label.waitFor();
    // In the first tenth of a second, which is longer on a busy machine, VS Code's menus take no button that is let go.
    await expect(async () => {
      if (await label.isVisible()) await label.click({ timeout: 2_000 });
      await expect(label).toBeHidden({ timeout: 2_000 });
    }).toPass({ timeout: 60_000 });
  }

  /** The row of a file or folder in the explorer. */
  file(name: string): Locator {
    return this.page.locator(`.explorer-folders-view [role="treeitem"][aria-label^="${name}"]`);
  }

  /** Unfold a folder in the explorer. */
  async openFolder(name: string): Promise<void> {
    const row = this.file(name);
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) !== 'true') await row.click();
    await expect(row).toHaveAttribute('aria-expanded', 'true');
  }

  async open(file: string): Promise<void> {
    await this.file(file).dblclick();
    await this.page.locator(`.tab.active[data-resource-name="${file}"]`).waitFor();
    await this.editor.locator('.view-line').first().waitFor();
  }

  /** Put the cursor behind the first `text` of a file's content on disk (`offset` characters into it). */
  async goTo(file: string, text: string, offset?: number): Promise<void> {
    const { line, column } = this.workspace.find(file, text, offset);
    await this.press('Control+g');
    await this.quickInput(`:${line}:${column}`);
    await expect(this.page.locator('#status\\.editor\\.selection')).toContainText(`Ln ${line}, Col ${column}`);
  }

  /** Write into the quick input, and accept. */
  private async quickInput(text: string): Promise<void> {
    await this.page.locator('.quick-input-widget:visible input').fill(text);
    await this.press('Enter');
    await this.page.locator('.quick-input-widget:visible').waitFor({ state: 'hidden' });
  }

  /** Answer with a path the dialog that asks where to save. */
  async saveAs(path: string): Promise<void> {
    const dialog = this.page.locator('.quick-input-widget:visible');
    // The dialog begins with the command's own proposal; what is written before that is lost.
    await expect(dialog.locator('input')).toHaveValue(/\.\w+$/);
    await dialog.locator('input').fill(path);
    // The first Enter may only lead the dialog into the folder.
    await expect(async () => {
      await this.press('Enter');
      await dialog.waitFor({ state: 'hidden', timeout: 2_000 });
    }).toPass();
  }

  /** The row of the suggestion list with exactly this label. */
  suggestion(label: string): Locator {
    const name = this.page.locator('.label-name').getByText(label, { exact: true });
    return this.suggestions.locator('.monaco-list-row').filter({ has: name });
  }

  /** Accept the suggestion with this label, once typing has brought it to the top. */
  async accept(label: string, key = 'Enter'): Promise<void> {
    await expect(this.suggestions.locator('.monaco-list-row.focused .label-name')).toHaveText(label);
    await this.press(key);
  }

  /** Open the list of quick fixes at the cursor; its row with `title`. */
  async quickFix(title: string): Promise<Locator> {
    const row = this.page.locator('.action-widget .monaco-list-row', { hasText: title }).first();
    // VS Code closes the list when the text is decorated anew meanwhile; whoever wants it asks again.
    await expect(async () => {
      await this.press('Escape', 'Control+.');
      await expect(row).toBeVisible({ timeout: 5_000 });
    }).toPass({ timeout: 60_000 });
    return row;
  }

  /** Save, so that the text can be read from disk. */
  async save(): Promise<void> {
    await this.press('Control+s');
  }

  /** Wait until the file on disk holds `text`, saving what is being edited. */
  async expectSaved(file: string, text: string): Promise<void> {
    await this.save();
    await expect.poll(() => this.workspace.read(file)).toContain(text);
  }

  /** Show the Problems panel's rows. */
  async problems(): Promise<Locator> {
    await this.press('Control+Shift+m');
    return this.page.locator('.markers-panel .monaco-list-row');
  }

  /** Open our sidebar; the rows of its tree. */
  async openSidebar(): Promise<Locator> {
    await this.activity.click();
    await this.page.locator('.pane-header, .composite.title', { hasText: 'FX Lens' }).first().waitFor();
    return this.treeItems();
  }

  treeItems(): Locator {
    return this.page.locator('.sidebar [id="workbench.view.extension.fxlens"] [role="treeitem"]');
  }

  /** The row of our tree with this label (our accessible labels begin with it). */
  treeItem(label: string): Locator {
    return this.page.locator(
      `.sidebar [id="workbench.view.extension.fxlens"] [role="treeitem"][aria-label^="${label}, "]`,
    );
  }

  /** The box of a row of our tree. */
  treeBox(label: string): Locator {
    return this.treeItem(label).locator('.monaco-checkbox, [role="checkbox"]').first();
  }

  /** Unfold a row of our tree, unless it is; a click on one with a check box only selects it. */
  async unfold(label: string): Promise<void> {
    // The tree opens where the cursor is, too: below, there may be another row of that name.
    const row = this.treeItem(label).first();
    await row.waitFor();
    // A tree that is drawn anew meanwhile takes the row, and with it the click.
    await expect(async () => {
      if ((await row.getAttribute('aria-expanded')) === 'true') return;
      await row.locator('.monaco-tl-twistie').click({ timeout: 5_000 });
      await expect(row).toHaveAttribute('aria-expanded', 'true', { timeout: 5_000 });
    }).toPass({ timeout: 60_000 });
  }

  /** Our whole sidebar. */
  get sidebar(): Locator {
    return this.page.locator('.sidebar [id="workbench.view.extension.fxlens"]');
  }

  /** What the sidebar says when it has no tree. */
  get welcome(): Locator {
    return this.page.locator('.sidebar [id="workbench.view.extension.fxlens"] .welcome-view-content');
  }

  /** The text and detail of the language status items of the file in front. */
  async languageStatus(): Promise<string> {
    await this.page.locator('[id="status.languageStatus"]').click();
    const hover = this.page.locator('.hover-language-status');
    await hover.first().waitFor();
    return (await hover.allInnerTexts()).join('\n');
  }

  /** A picture for the report, and for the README when FXLENS_SCREENSHOTS is set. */
  async picture(name: string): Promise<void> {
    const path =
      this.pictures && !name.startsWith('failure')
        ? join(this.pictures, `${name}.png`)
        : this.info.outputPath(`${name}.png`);
    await this.page.screenshot({ path, animations: 'disabled' });
    await this.info.attach(name, { path, contentType: 'image/png' });
  }

  /** VS Code asks for code lenses half a second after it was told that they differ, if the text keeps the focus. */
  async lensesAreNew(): Promise<void> {
    await expect(this.page.locator('.codelens-decoration', { hasText: 'show the model' })).toHaveCount(0);
  }

  /** Let the server and its worker start and read a first model, however long a busy machine takes for that. */
  async warmUp(): Promise<void> {
    await this.open('resnet_features.py');
    await expect(this.errors).toHaveCount(1, { timeout: 120_000 });
  }

  /**
   * Make a window that was used as good as new: no editor, panel or message, a tree without a filter and with both modes,
   * the explorer in front, and the files as they were. Far cheaper than a new window, whose server and worker start, too.
   */
  async reset(): Promise<void> {
    await this.page.mouse.move(900, 700);
    await this.press('Escape', 'Escape');
    await this.run('FX Lens: Show Nodes of Both Modes');
    await this.runIfOffered('FX Lens: Clear Filter');
    const tabs = this.page.locator('.editor-group-container .tab');
    for (let left = await tabs.count(); left > 0; left = await tabs.count()) {
      await this.run('View: Revert and Close Editor');
      await expect(tabs).not.toHaveCount(left);
    }
    if (await this.page.locator('.part.panel').isVisible()) await this.run('View: Hide Panel');
    await this.run('Notifications: Clear All Notifications');
    this.workspace.restore();
    await this.press('Control+Shift+e');
    await this.ready();
  }

  private async runIfOffered(title: string): Promise<void> {
    await this.palette(title, async (rows) => {
      await rows.first().waitFor({ timeout: 5_000 });
      const row = rows.filter({ hasText: title }).first();
      if (await row.isVisible()) await row.click({ timeout: 5_000 });
      else await this.press('Escape');
    });
  }

  /** What a failed test looked like, the problems there were, and what we know of ourselves (our log has no file here). */
  async showFailure(): Promise<void> {
    await this.picture('failure');
    await this.press('Escape', 'Escape');
    await this.problems();
    await this.picture('failure-problems');
    await this.run('FX Lens: Print Debug Information');
    await this.page.locator('.tab.active[aria-label*="debug information"]').waitFor();
    await this.picture('failure-debug');
  }

  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }
}
