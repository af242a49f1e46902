// The graph view: opened, walked through, written from, followed from the code, by pointer and by keys alone.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphView } from './lib/graph';
import { expect, OWN_WINDOW, test } from './lib/test';

const FILE = 'resnet_features.py';

test('it opens from palette, code lens and tree, opens groups, and a tick writes the name', async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  await code.lensesAreNew();
  const graph = new GraphView(code);
  await code.page.locator('.codelens-decoration a', { hasText: 'graph' }).first().click();
  await expect(graph.title).toHaveText('ResNet');
  await expect(graph.node('layer2')).toHaveAttribute('aria-expanded', 'false');
  await expect(graph.node('layer1')).toHaveClass(/asked/);
  await expect(graph.node('avgpool')).not.toHaveClass(/asked/);
  await graph.expand('layer2');
  await graph.expand('layer2.0');
  await expect(graph.node('layer2.0.conv1')).toHaveAccessibleName(/Conv2d, 1×128×56×56/);
  await graph.click('layer2.0.conv1');
  await expect(graph.details).toContainText('layer2.0.conv1');
  await expect(graph.details).toContainText('layer1.2.relu_2');
  await code.picture('graph');
  await graph.tick('layer2.0.conv1');
  await expect(graph.node('layer2.0.conv1')).toHaveClass(/asked/);
  await expect(code.editor.locator('.view-line', { hasText: 'layer2.0.conv1' })).toHaveCount(1);
  await graph.tick('layer2.0.conv1');
  await expect(graph.node('layer2.0.conv1')).not.toHaveClass(/asked/);
  await expect(code.editor.locator('.view-line', { hasText: 'layer2.0.conv1' })).toHaveCount(0);

  await graph.close();
  await graph.open();
  await graph.close();
  await code.openSidebar();
  await code.treeItem('avgpool').click({ button: 'right' });
  await code.menu('Reveal in Graph');
  await expect(graph.current).toHaveAttribute('data-id', 'avgpool');
});

test('it follows the cursor, finds, keeps its place while hidden, and shows a changed model', async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  const graph = new GraphView(code);
  await graph.open();
  await expect(graph.node('layer4')).toBeAttached();
  await code.editor.locator('.view-line', { hasText: 'layer3' }).click();
  await code.goTo(FILE, '"layer3', 3);
  await expect(graph.current).toHaveAttribute('data-id', 'layer3');
  await expect(graph.details).toContainText('layer3.5.relu_2');

  const search = graph.page.locator('input[type="search"]');
  await search.fill('downsample.0');
  await expect(graph.page.locator('output')).toHaveText('4');
  await expect(graph.node('layer2').locator('.count-text')).toHaveText('1');
  await search.press('Enter');
  await expect(graph.current).toHaveAttribute('data-id', 'layer1.0.downsample.0');
  await code.picture('graph-find');
  await search.press('Enter');
  await expect(graph.current).toHaveAttribute('data-id', 'layer2.0.downsample.0');

  const { tab } = graph;
  await tab.click();
  await code.page.keyboard.press('Control+n');
  await expect(graph.title).toHaveCount(0);
  await tab.click();
  await expect(graph.current).toHaveAttribute('data-id', 'layer2.0.downsample.0');
  await expect(graph.node('layer2.0')).toHaveAttribute('aria-expanded', 'true');

  await code.editor.locator('.view-line', { hasText: 'model.fc' }).click();
  await code.goTo(FILE, '2048, 10)', 8);
  const body = graph.page.locator('body');
  await body.evaluate((element) => {
    const about = () => element.querySelector('.stale .about') ?? element.querySelector('.about');
    new MutationObserver(() => {
      if (element.classList.contains('stale')) element.dataset.stale = about()?.textContent ?? '';
    }).observe(element, { attributes: true, attributeFilter: ['class'], childList: true, subtree: true });
  });
  await code.type('00');
  // What is open stays so; `fc` is far below, and only what is in sight is in the document.
  await search.fill('fc');
  await expect(graph.page.locator('output')).toHaveText('1');
  await search.press('Enter');
  await expect(graph.current).toHaveAccessibleName(/^fc, .*1×1000/);
  await expect(body).not.toHaveClass(/stale/);
  // The picture stayed while the changed model was read, and said so.
  await expect(body).toHaveAttribute('data-stale', 'Reading the changed model…');
  await search.fill('layer2.0.conv2');
  await search.press('Enter');
  await expect(graph.node('layer2.0')).toHaveAttribute('aria-expanded', 'true');
});

test('keys alone walk, open, tick, copy and go to a source', async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  const graph = new GraphView(code);
  await graph.open();
  await expect(graph.node('layer1')).toBeAttached();
  const violations = graph.page.locator('body').evaluate((body) => {
    body.ownerDocument.addEventListener('securitypolicyviolation', (event) => {
      body.dataset.violations = `${body.dataset.violations ?? ''} ${event.violatedDirective}`;
    });
  });
  await violations;
  await code.press('Home', 'ArrowDown');
  await expect(graph.node('conv1')).toBeFocused();
  await code.press('Space');
  await expect(graph.node('conv1')).toHaveClass(/asked/);
  await code.press('Space');
  await expect(graph.node('conv1')).not.toHaveClass(/asked/);
  await code.press('ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown');
  await expect(graph.node('layer1')).toBeFocused();
  await code.press('ArrowRight');
  await expect(graph.node('layer1')).toHaveAttribute('aria-expanded', 'true');
  await expect(graph.node('layer1')).toBeFocused();
  await code.press('ArrowRight');
  await expect(graph.node('layer1.0')).toBeFocused();
  await code.press('Control+c');
  await expect.poll(() => code.clipboard()).toBe('layer1.0');
  await code.press('ArrowLeft', 'ArrowLeft');
  await expect(graph.node('layer1')).toHaveAttribute('aria-expanded', 'false');
  await code.press('ArrowUp', 'i');
  await expect(graph.node('relu')).toBeFocused();
  await code.press('o');
  await expect(graph.node('maxpool')).toBeFocused();
  await code.press('F12');
  await code.page.locator('.tab.active[data-resource-name="resnet.py"]').waitFor();
  await expect(graph.page.locator('body')).not.toHaveAttribute('data-violations');
});

test('the menu of a node copies it as Python reaches it; Enter reveals it in the tree', async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  const graph = new GraphView(code);
  await graph.open();
  await graph.expand('layer1');
  await graph.menu('layer1.2', 'Copy as Python');
  await expect.poll(() => code.clipboard()).toBe('model.layer1[-1]');
  await graph.menu('layer1.0', 'Copy Node Name');
  await expect.poll(() => code.clipboard()).toBe('layer1.0');
  await graph.menu('layer1.1', 'Reveal in Model Tree');
  // The tree is read for the first time, which takes a busy machine more than half a minute.
  await expect(code.treeItem('1')).toHaveAttribute('aria-selected', 'true', { timeout: 90_000 });
  await graph.click('maxpool');
  await code.press('Enter');
  await expect(code.treeItem('maxpool')).toHaveAttribute('aria-selected', 'true');
});

test('what is open is saved as pictures, and all of it as a page', async ({ code, browser }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  const graph = new GraphView(code);
  await graph.open();
  await graph.expand('layer1');
  const folder = mkdtempSync(join(tmpdir(), 'fxlens-saved-'));
  const saved = await browser.newPage();
  try {
    for (const kind of ['svg', 'png', 'html']) {
      const file = join(folder, `graph.${kind}`);
      await graph.page.getByRole('button', { name: 'Save…' }).click();
      await code.saveAs(file);
      await expect.poll(() => existsSync(file) && statSync(file).size).toBeGreaterThan(0);
      await saved.goto(`file://${file}`);
      if (kind === 'html') await saved.locator('[data-id="layer1"]').waitFor();
      await saved.screenshot({ path: test.info().outputPath(`${kind}.png`) });
      if (kind === 'png') {
        const sizes = await saved.locator('img').evaluate((image: HTMLImageElement) => image.naturalHeight);
        expect(sizes, 'twice as many pixels as the picture has points').toBeGreaterThan(1500);
      } else {
        const texts = await saved.locator('text').allTextContents();
        expect(texts).toEqual(expect.arrayContaining(['layer1', 'maxpool', '1×64×112×112']));
      }
    }
  } finally {
    await saved.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('after the window is loaded anew it is where it was', OWN_WINDOW, async ({ code }) => {
  await code.open(FILE);
  await expect(code.errors).toHaveCount(1);
  const graph = new GraphView(code);
  await graph.open();
  await graph.expand('layer1');
  await graph.expand('layer1.1');
  await graph.click('layer1.1.conv1');
  await expect(graph.details).toContainText('layer1.1.conv1');
  await Promise.all([code.page.waitForEvent('load'), code.run('Developer: Reload Window')]);
  await code.ready();
  await expect(graph.current).toHaveAttribute('data-id', 'layer1.1.conv1', { timeout: 90_000 });
  await expect(graph.title).toHaveText('ResNet');
  await expect(graph.node('layer1')).toHaveAttribute('aria-expanded', 'true');
});
