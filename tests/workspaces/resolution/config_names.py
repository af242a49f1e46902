# The names come from a configuration: nothing is completed, nothing is called wrong.
# not run: its settings are not here
# models: 1
# queries:
# names unresolved: only known at run time
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

import settings

nodes = {n: n for n in settings.layers}
model = resnet18()
last = get_graph_node_names(model)[1][-2]
extractor = create_feature_extractor(model, nodes)
