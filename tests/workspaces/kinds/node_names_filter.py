from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from torchvision.models.feature_extraction import get_graph_node_names
m = resnet18()
_, names = get_graph_node_names(m)
create_feature_extractor(m, [n for n in names if "layer" in n][:2])
create_feature_extractor(m, {names[-2]: "last"})
