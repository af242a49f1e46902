# Arguments that are unpacked from a dict.
# models: 1
# queries: layer1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

options = dict(suppress_diff_warning=True)
extractor = create_feature_extractor(model=resnet18(), return_nodes=["layer1"], **options)
