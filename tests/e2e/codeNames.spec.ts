// From code to names: what a line of a model's own code is called in the graph, with the shapes that it makes.
import { expect, test } from './lib/test';

const NET = `import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width, stride):
        super().__init__()
        self.conv = nn.Conv2d(8 if stride > 1 else width, width, 3, stride, 1)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.blocks = nn.Sequential(Block(16, 2), Block(16, 1), Block(16, 1))
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x)
        x = self.blocks(x)
        x = torch.flatten(x.mean((2, 3)), 1)
        return self.head(x)
`;
const USE = `from net import Net
from torchvision.models.feature_extraction import create_feature_extractor

extractor = create_feature_extractor(Net(), return_nodes={'head': 'out'})
`;

test.use({
  files: { 'net.py': NET, 'use.py': USE },
  settings: { 'fxlens.inlayHints.code': true, 'editor.inlayHints.enabled': 'on' },
});

test('a line of forward tells its nodes and shapes, and gives them to the return nodes', async ({ code }) => {
  await code.open('use.py');
  await expect(code.editor.locator('.codelens-decoration a', { hasText: 'parameters' })).toBeVisible({
    timeout: 120_000,
  });
  await code.open('net.py');
  const line = (text: string) => code.editor.locator('.view-line', { hasText: text }).last();
  await expect(line('self.blocks(x)')).toContainText('16×56×56');
  await expect(line('self.relu(self.conv(x))')).toContainText('16×56×56, 3 nodes');
  await code.goTo('net.py', 'conv(x)', 2);
  await code.press('Control+k', 'Control+i');
  const card = code.hover.filter({ hasText: 'blocks.{0,1,2}.conv' });
  await expect(card).toContainText('3 nodes, 1 shape of Net()');
  await code.picture('code-names-hover');
  await code.press('Escape');
  await code.goTo('net.py', 'blocks(x)', 2);
  await (await code.quickFix('Copy node name')).click();
  await expect(code.page.locator('.statusbar-item', { hasText: 'Copied blocks' })).toBeVisible();
  const add = await code.quickFix('Add `blocks` to the return nodes');
  await code.picture('code-names-actions');
  await add.click();
  await code.open('use.py');
  await code.expectSaved('use.py', "{'head': 'out', 'blocks': 'blocks'}");
});
