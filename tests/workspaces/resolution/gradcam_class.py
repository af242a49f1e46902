# A Grad-CAM class: model and layer stand where it is made.
# models: 1
# queries: fc layer4.2.conv3
from torchvision.models import resnet50
from torchvision.models.feature_extraction import create_feature_extractor

class GradCAM:
    def __init__(self, model, target_layer):
        self.model = model.eval()
        self.target_layer = target_layer
        self.fx = create_feature_extractor(self.model, {target_layer: "feat", "fc": "out"})
    def __call__(self, x):
        return self.fx(x)
def main():
    model = resnet50(weights="IMAGENET1K_V2")
    cam = GradCAM(model, target_layer="layer4.2.conv3")
    return cam
if __name__ == "__main__":
    main()
