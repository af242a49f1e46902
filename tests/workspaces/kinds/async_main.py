from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import asyncio
async def build():
    return resnet18()
async def main(names):
    model = await build()
    create_feature_extractor(model, names)
    await asyncio.gather(tap("layer2"), tap("wrong"))
async def tap(name):
    create_feature_extractor(resnet18(), [name])
asyncio.run(main(["layer1"]))
