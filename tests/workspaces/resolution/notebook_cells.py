# A notebook exported to a script: the model of the cell before the call is meant.
# models: 1
# queries: layer1
# %%
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

# %%
model = models.resnet18()
# print(get_graph_node_names(model))

# %%
nodes = {"layer1": "x"}
extractor = create_feature_extractor(model, return_nodes=nodes)

# %%
model = models.vgg11()
