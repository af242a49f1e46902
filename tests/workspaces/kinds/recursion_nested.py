from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

TABLE = {"early": {"a": "layer1", "b": {"c": "layer2"}}, "late": {"d": "layer4", "e": "wrong"}}
def leaves(table):
    out = []
    for value in table.values():
        if isinstance(value, dict):
            out.extend(leaves(value))
        else:
            out.append(value)
    return out
create_feature_extractor(resnet18(), leaves(TABLE))
