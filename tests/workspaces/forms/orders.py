# Orders: by a key, backwards, and those that only a run can tell.
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

net = models.resnet18()
NAMES = ["zz", "layer1", "layer2"]
create_feature_extractor(net, sorted(NAMES, key=len, reverse=True)[:2])
create_feature_extractor(net, sorted(NAMES)[:2])
create_feature_extractor(net, sorted(NAMES, key=lambda name: -len(name))[:2])
create_feature_extractor(net, sorted(NAMES, reverse=True)[1:] + ["layer31"])
#                                                                 ^^^^^^^ unknown-node
copied = list(NAMES)
copied.sort(key=lambda name: int(name[-1]) if name[-1].isdigit() else 99)
create_feature_extractor(net, copied[:2])
ranked = sorted([("layer1", 3), ("layer32", 9), ("layer2", 1)], key=lambda pair: pair[1])
#                                 ^^^^^^^ unknown-node
create_feature_extractor(net, [pair[0] for pair in ranked[:2]])
create_feature_extractor(net, [ranked[-1][0]])
rows = sorted({"layer1": 2, "layer2": 1, "layer33": 3}.items(), key=lambda row: row[1])
create_feature_extractor(net, dict(rows[:2]))
create_feature_extractor(net, [max(["fc", "layer34"], key=len)])
#                                          ^^^^^^^ unknown-node
create_feature_extractor(net, [min(["fc", "layer35"], key=len)])
by_hash = sorted(["layer1", "layer36"], key=hash)
create_feature_extractor(net, by_hash[:0] + ["fc"])
