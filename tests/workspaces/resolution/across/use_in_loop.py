# calls: 1
# queries: layer4 layer4.1
import taps
from torchvision.models import resnet18

for layer in ["layer4", "layer4.1"]:
    taps.Tap(resnet18(), [layer])
