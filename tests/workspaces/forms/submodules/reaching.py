# Constants of modules that are reached through their package, and what functions of those return.
import acme
from torchvision.models import alexnet, resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), acme.names.RESNET)
create_feature_extractor(alexnet(), return_nodes=acme.names.Style.ALEXNET)
create_feature_extractor(resnet18(), acme.zoo.deep.TAPS["resnet18"])
create_feature_extractor(alexnet(), acme.zoo.deep.TAPS["alexnet"])
create_feature_extractor(resnet18(), acme.zoo.DEFAULT)
create_feature_extractor(resnet18(), acme.names.for_depth(18))
