from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Accelerator:
    def prepare(self, *parts):
        return parts if len(parts) > 1 else parts[0]
    def unwrap_model(self, model):
        return model
acc = Accelerator()
model, opt = acc.prepare(resnet18(), None)
create_feature_extractor(acc.unwrap_model(model), ["layer1", "wrong"])
