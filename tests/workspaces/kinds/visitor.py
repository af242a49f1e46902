from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Visitor:
    def visit(self, spec):
        return getattr(self, "visit_" + spec["kind"])(spec)
    def visit_node(self, spec):
        return [spec["name"]]
    def visit_group(self, spec):
        out = []
        for part in spec["parts"]:
            out += self.visit(part)
        return out
SPEC = {"kind": "group", "parts": [{"kind": "node", "name": "layer1"}, {"kind": "group", "parts": [{"kind": "node", "name": "wrong"}]}]}
create_feature_extractor(resnet18(), Visitor().visit(SPEC))
