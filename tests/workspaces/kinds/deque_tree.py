from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from collections import deque
queue = deque([("layer1", 1), ("wrong", 0)])
names = []
while queue:
    name, depth = queue.popleft()
    if depth > 0:
        queue.appendleft((f"{name}.0", depth - 1))
        continue
    names.append(name)
queue.extendleft(names)
queue.rotate()
create_feature_extractor(resnet18(), list(queue))
