# Names that a test looks at: the text decides, or the name is doubted.
import fnmatch
import json
import re

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

net = models.resnet18()
NAMES = ["layer1", "layer2", "wrong1"]
#                             ^^^^^^ unknown-node
create_feature_extractor(net, [name for name in NAMES if re.match(r"layer\d$", name)])
create_feature_extractor(net, [name for name in NAMES if re.search("1$", name)])
create_feature_extractor(net, list(filter(lambda name: fnmatch.fnmatch(name, "l*"), ["layer4", "wrong2"])))
create_feature_extractor(net, re.split(r",\s*", "layer3, layer43"))
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: no node `layer43`
create_feature_extractor(net, re.sub("_", ".", "layer1_0 layer1_4").split())
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: no node `layer1.4`
level = re.match(r"(\w+)\.(\d)", "layer2.5")
create_feature_extractor(net, [level[1], f"{level[1]}.{level[2]}"])
#                                          ^^^^^^^^^^^^^^^^^^^^^ unknown-node: no node `layer2.5`
kept = []
for name in ["layer3", "wrong3"]:
    if name in get_graph_node_names(net)[1] or name in json.loads('["layer3"]'):
        kept.append(name)
create_feature_extractor(net, kept)
