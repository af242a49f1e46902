"""Names that are bound in pairs, or come to their table in steps."""

SHALLOW, DEEP = ["layer1", "layer11"], {"layer4": "deep", "layer12": "deeper"}
#                           ^^^^^^^ unknown-node
#                                                          ^^^^^^^ unknown-node
(FIRST, SECOND), REST = ("layer3", "layer13"), ["layer2"]
#                                   ^^^^^^^ unknown-node
TABLE = {}
TABLE["late"] = ["layer4", "layer14"]
#                           ^^^^^^^ unknown-node
LISTED = []
LISTED.append("layer2")
LISTED.append("layer15")
#              ^^^^^^^ unknown-node
GROWN = []
for level in ("layer1", "layer16"):
#                        ^^^^^^^ unknown-node
    GROWN.append(level)
BOTH = SAME = ["layer3.0", "layer3.8"]
#                           ^^^^^^^^ unknown-node


def options():
    chosen = dict(arch="resnet18")
    chosen["nodes"] = ["layer2.0", "layer2.8"]
#                                   ^^^^^^^^ unknown-node
    return chosen
