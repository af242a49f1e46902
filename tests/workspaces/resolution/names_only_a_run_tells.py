# Names that depend on what the program finds: nothing is called wrong.
# names unresolved: only known at run time
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

net = resnet18()
found = {name for name, _ in net.named_children()}
nodes = {}
for number in range(9):
    if f"layer{number}" in found:
        nodes[f"layer{number}"] = str(number)
create_feature_extractor(net, nodes)
create_feature_extractor(net, [f"layer{number}" for number in range(9) if f"layer{number}" in found])
create_feature_extractor(net, sorted(f"layer{len(name) - 5}" for name in found if name.startswith("layer")))
create_feature_extractor(net, ["layer%d" % (len(found) - 6)])
