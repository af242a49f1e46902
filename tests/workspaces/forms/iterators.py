# What itertools, functools, operator and collections make of names.
from collections import ChainMap, deque
from functools import reduce
from itertools import count, cycle, islice, pairwise, repeat, starmap
from operator import attrgetter, itemgetter
from types import SimpleNamespace

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

net = models.resnet18()
create_feature_extractor(net, dict(zip(["layer1", "layer51"], count())))
#                                                  ^^^^^^^ unknown-node
create_feature_extractor(net, dict(zip(["layer2", "layer52"], repeat("x"))))
#                                                  ^^^^^^^ unknown-node
create_feature_extractor(net, list(islice(["layer3", "layer53", "layer99"], 2)))
#                                                     ^^^^^^^ unknown-node
create_feature_extractor(net, list(starmap("layer{}.{}".format, [(1, 0), (1, 4)])))
#                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: no node `layer1.4`
create_feature_extractor(net, [f"layer{number}" for number in islice(count(4), 2)])
#                                ^^^^^^^^^^^^^ unknown-node: no node `layer5`
create_feature_extractor(net, [f"layer1.{number}" for number, _ in zip(cycle([0, 1]), range(3))])
create_feature_extractor(net, [f"{first}.{second}" for first, second in pairwise(["layer2", "0", "bn1"])][:1])
create_feature_extractor(net, reduce(lambda first, second: first + second, [["layer2"], ["layer54"]]))
#                                                                                         ^^^^^^^ unknown-node
rows = [{"node": "layer1"}, {"node": "layer55"}]
#                                     ^^^^^^^ unknown-node
create_feature_extractor(net, list(map(itemgetter("node"), rows)))
create_feature_extractor(net, attrgetter("taps.deep")(SimpleNamespace(taps=SimpleNamespace(deep=["layer56"]))))
#                                                                                                 ^^^^^^^ unknown-node
queue = deque(["layer1.0"])
queue.append("layer1.7")
#             ^^^^^^^^ unknown-node
create_feature_extractor(net, list(queue))
create_feature_extractor(net, dict(ChainMap({"layer3": "x"}, {"layer57": "y"})))
#                                                              ^^^^^^^ unknown-node
