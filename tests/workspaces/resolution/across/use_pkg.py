# Imported through the package; the wrapper changes the model first.
# calls: 1
# queries: layer2 fc
from pkg import tap_at
from torchvision.models import resnet18

features = tap_at(net=resnet18(), nodes={"layer2": "a", "fc": "b"})
