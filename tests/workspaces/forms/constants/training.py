import palette as p
from palette import EARLY, Run, Setup
from torchvision.models import get_model, resnet18
from torchvision.models.feature_extraction import create_feature_extractor
from wrapping import Tapped, tap

create_feature_extractor(resnet18(), EARLY)
create_feature_extractor(resnet18(), return_nodes=p.LATE)
create_feature_extractor(resnet18(), **Setup.options)
tap(resnet18(), Setup().nodes)
run = Run()
tap(get_model(run.arch), run.nodes)
Tapped(resnet18(), nodes=["layer4", "layer9"])
#                                    ^^^^^^ unknown-node: layer4
