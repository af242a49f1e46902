from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

import asyncio
def tap(model, names): create_feature_extractor(model, names)
async def main():
    await asyncio.to_thread(tap, resnet18(), ["layer1"])
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, tap, vgg11(), ["features.1", "wrong"])
asyncio.run(main())
