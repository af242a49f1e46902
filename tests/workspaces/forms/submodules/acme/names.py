RESNET = ["layer1", "layer6"]
#                    ^^^^^^ unknown-node


class Style:
    ALEXNET = {"features.2": "low", "features.88": "high"}
    #                                ^^^^^^^^^^^ unknown-node


def for_depth(depth):
    if depth > 18:
        return [f"layer{depth}"]
    return ["layer2", "layer26"]
    #                  ^^^^^^^ unknown-node
