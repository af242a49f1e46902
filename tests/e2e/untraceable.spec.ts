// Models that torch.fx cannot trace, as transformers and ultralytics have them, in workspaces' own code.
import { expect, test } from './lib/test';

const BERT = `import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.output = nn.LayerNorm(16)

    def forward(self, x, **options):
        options["mask"] = None
        return self.output(x + self.attention(x, x, x, **{"need_weights": False})[0])


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings = nn.Linear(16, 16)
        self.layer = nn.ModuleList(Layer() for _ in range(3))
        self.pooler = nn.Linear(16, 16)

    def forward(self, x, **options):
        options["x"] = x
        x = self.embeddings(x)
        for layer in self.layer:
            x = layer(x, **options) if len(x) else x
        return self.pooler(x[:, 0])


extractor = create_feature_extractor(Bert(), ["layer.1"])
`;

const YOLO = `import torch
from torch import nn

from fxlens import create_feature_extractor


class Conv(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, 2, 1)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.conv(x))


class Detect(nn.Module):
    def __init__(self):
        super().__init__()
        self.box = nn.ModuleList(nn.Conv2d(size, 4, 1) for size in (16, 32))

    def forward(self, levels):
        outputs = [box(level) for box, level in zip(self.box, levels)]
        if len(outputs[0]) > 1000:
            raise ValueError("too large")
        return outputs


class Yolo(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(Conv(3, 8), Conv(8, 16), Conv(16, 32), Detect())
        self.auxiliary = nn.Linear(4, 4)

    def forward(self, x):
        kept = []
        for layer in self.model[:-1]:
            x = layer(x)
            kept.append(x)
        return self.model[-1](kept[1:])


extractor = create_feature_extractor(Yolo(), {"model.1": "p2", "model.2": "p3"})
`;

test('completion in a call of torchvision lists modules and says that it raises; the fix takes our function', async ({
  code,
}) => {
  code.workspace.write('bert.py', BERT);
  await code.open('bert.py');
  await expect(code.errors).toHaveCount(1);
  await code.goTo('bert.py', 'Bert(), ["');
  await code.press('Control+Space');
  await expect(code.suggestion('embeddings')).toBeVisible();
  await expect(code.suggestion('pooler')).toBeVisible();
  await code.picture('untraceable-completion');
  await code.press('Escape');
  await code.goTo('bert.py', 'extractor(Be');
  const row = await code.quickFix('Use `fxlens.create_feature_extractor`');
  await code.picture('untraceable-fix');
  await row.click();
  await expect(row).toBeHidden();
  await code.expectSaved('bert.py', 'from fxlens import create_feature_extractor\n');
  await expect(code.errors).toHaveCount(0);
  await code.picture('untraceable-fixed');
});

test('the tree of a detector shows its modules in call order, with shapes', async ({ code }) => {
  code.workspace.write('yolo.py', YOLO);
  await code.open('yolo.py');
  await code.openSidebar();
  await expect(code.treeItem('model')).toBeVisible();
  await code.unfold('model');
  await expect(code.treeItem('2')).toContainText('32×');
  await expect(code.treeItem('auxiliary')).toContainText('not called');
  await expect(code.treeBox('1')).toBeChecked();
  await expect(code.errors).toHaveCount(0);
  await code.picture('untraceable-tree');
});
