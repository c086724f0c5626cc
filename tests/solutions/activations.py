"""Solutions of the exercises of notebook 04: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

CHAIN = """
def chain_field(steps):
    size, stride, offset = 1, 1, 0.0
    for k, s, p in steps:
        {}
    return size, stride, offset
"""
SOLUTIONS["chain_field"] = ["""
def chain_field(steps):
    if not steps:
        return 1, 1, 0.0
    size, stride, offset = chain_field(steps[:-1])
    k, s, p = steps[-1]
    first, last = offset - p * stride, offset + (k - 1 - p) * stride
    return size + (k - 1) * stride, stride * s, (first + last) / 2
""", """
def chain_field(steps):  # from the top down
    first = last = 0
    second = 1
    for k, s, p in reversed(steps):
        first, last, second = first * s - p, last * s - p + k - 1, second * s - p
    return [last - first + 1, second - first, (first + last) / 2]
"""], [CHAIN.format(line) for line in (
    "size, offset, stride = size + (k - 1), offset + (k - 1) / 2 - p, stride * s",
    "stride *= s; size += (k - 1) * stride; offset += ((k - 1) / 2 - p) * stride",
    "size, offset, stride = size + (k - 1) * stride, offset + (k - 1) / 2 * stride, stride * s",
    "size, offset, stride = size + k * stride, offset + ((k - 1) / 2 - p) * stride, stride * s",
    "size, offset, stride = size + (k - 1) * stride, offset + (k - 1) / 2 - p, stride * s",
    "size, offset, stride = size + (k - 1) * stride, offset + ((k - 1) / 2 - p) * stride, stride + s",
    "size, offset, stride = size + (k - 1) * stride, offset + ((k - 1) // 2 - p) * stride, stride * s",
    "size, offset, stride = size + (k - 1) * stride, offset + (k - 1) / 2 * stride - p, stride * s",
    "size += (k - 1) * stride; stride *= s; offset += ((k - 1) / 2 - p) * stride",
    "size, offset, stride = size + (k - 1) * stride, offset + ((k - 1) / 2 - p) * stride, s",
    "size, offset, stride = size + (k - 1) * stride, offset + ((k - 1) / 2 + p) * stride, stride * s")] + ["""
def chain_field(steps):  # the size alone
    size, stride = 1, 1
    for k, s, p in steps:
        size, stride = size + (k - 1) * stride, stride * s
    return size
"""]

SQUARE = """
def effective_size(strength, center, share=0.5):
    away = (torch.arange(len(strength)) - {center}).abs()
    away = {box}
    for side in range({first}, 2 * len(strength) + 1{step}):
        if strength[away <= {reach}].sum() {atleast} {wanted}:
            return {result}
"""
GROWN = dict(center="center", box="torch.maximum(away[:, None], away)", first=1, step="", reach="(side - 1) / 2", atleast=">=",
             wanted="share * strength.sum()", result="side")
SOLUTIONS["effective_size"] = ["""
def effective_size(strength, center, share=0.5):
    side, held = 0, 0.0
    while held < share * strength.sum():
        side += 1
        near = [i for i in range(len(strength)) if 2 * abs(i - center) <= side - 1]
        held = strength[near][:, near].sum()
    return side
""", """
def effective_size(strength, center, share=0.5):  # borders in the place of distances
    for side in range(1, 2 * len(strength) + 1):
        low, high = math.ceil(center - (side - 1) / 2), math.floor(center + (side - 1) / 2) + 1
        if strength[max(0, low):high, max(0, low):high].sum() / strength.sum() >= share:
            return side
""".replace("math", "__import__('math')")], [SQUARE.format(**(GROWN | change)) for change in (
    dict(center="(len(strength) - 1) / 2"), dict(first=4), dict(reach="side"), dict(wanted="share * strength.max()"), dict(box="away[:, None] + away"),
    dict(wanted="share"), dict(atleast=">"), dict(box="(away[:, None] ** 2 + away ** 2).sqrt()"), dict(box="away.expand(len(away), -1)"),
    dict(box="torch.minimum(away[:, None], away)"), dict(center="int(center)"), dict(step=", 2"), dict(reach="side / 2"), dict(result="(side - 1) / 2"))] + [
    SQUARE.format(**GROWN).replace("    away = (torch", "    strength = strength ** 2\n    away = (torch"),
    SQUARE.format(**GROWN).replace("share * ", "0.5 * ")]

SELECTIVITY = """
def selectivity(features, classes):
    means = torch.stack([features[classes == c].mean(dim=0) for c in classes.unique()])
    top = means.amax(dim=0)
    rest = {}
    return {}
"""
SHARE = "(top - rest) / (top + rest).clamp(min=1e-12)"
OTHERS = "(means.sum(dim=0) - top) / (len(means) - 1)"
SOLUTIONS["selectivity"] = ["""
def selectivity(features, classes):
    found = []
    for unit in features.T:
        means = sorted(unit[classes == c].mean().item() for c in set(classes.tolist()))
        rest = sum(means[:-1]) / len(means[:-1])
        found.append((means[-1] - rest) / (means[-1] + rest) if means[-1] > 0 else 0.0)
    return torch.tensor(found)
""", """
def selectivity(features, classes):
    member = F.one_hot(classes).float()
    means = (member.T @ features / member.sum(dim=0)[:, None]).sort(dim=0, descending=True).values
    top, rest = means[0], means[1:].mean(dim=0)
    return ((top - rest) / (top + rest)).nan_to_num()
""", SELECTIVITY.format(OTHERS, "(top - rest) / (top + rest + 1e-8)")], [SELECTIVITY.format(*each) for each in (
    ("means.amin(dim=0)", SHARE), ("means.sort(dim=0).values[-2]", SHARE), ("means.mean(dim=0)", SHARE), (OTHERS, "(top - rest) / (top + rest)"),
    (OTHERS, "(top - rest) / top.clamp(min=1e-12)"), (OTHERS, "top - rest"), ("(means.sum(dim=0) - top)", SHARE),
    ("torch.stack([features[classes != c].mean(dim=0) for c in classes.unique()])[means.argmax(dim=0), torch.arange(features.shape[1])]", SHARE),
    (OTHERS, "(top - rest) / (top + rest + 1e-3)"), (OTHERS, "(top - rest) / (top + rest).clamp(min=1.0)"))] + ["""
def selectivity(features, classes):  # the classes' means over all units
    means = torch.stack([features[classes == c].mean() for c in classes.unique()])
    top = means.max()
    rest = (means.sum() - top) / (len(means) - 1)
    return (top - rest) / (top + rest)
""", """
def selectivity(features, classes):  # the classes' largest values, not their means
    means = torch.stack([features[classes == c].amax(dim=0) for c in classes.unique()])
    top = means.amax(dim=0)
    rest = (means.sum(dim=0) - top) / (len(means) - 1)
    return (top - rest) / (top + rest).clamp(min=1e-12)
""", """
def selectivity(features, classes):  # over scenes, not classes
    top = features.amax(dim=0)
    rest = (features.sum(dim=0) - top) / (len(features) - 1)
    return (top - rest) / (top + rest).clamp(min=1e-12)
"""]

SOLUTIONS["pillars"] = ["""
def pillars(features, weight, count):
    added = {unit: (features[:, unit] * weight[unit]).mean().item() for unit in range(len(weight))}
    return sorted(added, key=added.get, reverse=True)[:count]
""", """
def pillars(features, weight, count):  # from the least to the most
    return (features * weight).sum(dim=0).argsort()[-count:]
"""], [f"""
def pillars(features, weight, count):
    return ({added}).topk(count).indices
""" for added in ("weight", "features.mean(dim=0)", "features[0] * weight", "(features * weight).amax(dim=0)", "-features.mean(dim=0) * weight",
                  "(features.mean(dim=0) * weight).abs()", "(features * weight).amin(dim=0)", "(features * weight).median(dim=0).values",
                  "features.clamp(min=1e-6).log().mean(dim=0).exp() * weight", "features.prod(dim=0) ** (1 / len(features)) * weight",
                  "features.pow(2).mean(dim=0).sqrt() * weight", "features.mean(dim=0) + weight", "features.mean(dim=0) * weight.abs()")] + ["""
def pillars(features, weight, count):  # how much, not which
    return (features.mean(dim=0) * weight).topk(count).values
""", """
def pillars(features, weight, count):  # both
    return (features.mean(dim=0) * weight).topk(count)
""", """
def pillars(features, weight, count):  # all
    return (features.mean(dim=0) * weight).argsort(descending=True)
""", """
def pillars(features, weight, count):  # the last ones of the order
    return (features.mean(dim=0) * weight).argsort(descending=True)[-count:]
"""]
