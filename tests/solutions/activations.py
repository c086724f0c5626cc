"""Solutions of the exercises of notebook 04: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

UNITS = """
def units_that_see(steps, pixel):
    first = last = pixel
    for k, s, p in {steps}:
        first, last = {first}, {last}
    return {result}
"""
SEES = dict(steps="steps", first="max(0, -((k - 1 - p - first) // s))", last="(last + p) // s", result="first, last")
SOLUTIONS["units_that_see"] = ["""
def units_that_see(steps, pixel):  # by trying all units
    first = last = pixel
    for k, s, p in steps:
        see = [u for u in range(last + k + p + 1) if u * s - p <= last and u * s - p + k - 1 >= first]
        first, last = see[0], see[-1]
    return first, last
""", """
def units_that_see(steps, pixel):  # by size, stride and offset
    size, stride, offset = 1, 1, 0.0
    for k, s, p in steps:
        size, offset, stride = size + (k - 1) * stride, offset + ((k - 1) / 2 - p) * stride, stride * s
    import math
    reach = (size - 1) / 2
    return [max(0, math.ceil((pixel - offset - reach) / stride)), math.floor((pixel - offset + reach) / stride)]
"""], [UNITS.format(**(SEES | change)) for change in (
    dict(first="max(0, (first + p - k + 1) // s)"), dict(last="-(-(last + p) // s)"), dict(last="(last + p) / s"), dict(steps="reversed(steps)"),
    dict(first="max(0, -((k - 1 - first) // s))", last="last // s"), dict(first="-((k - 1 - p - first) // s)"), dict(result="first"),
    dict(first="max(0, -((k - p - first) // s))"), dict(first="max(0, -((k - 1 + p - first) // s))", last="(last - p) // s"),
    dict(first="first // s", last="last // s"), dict(first="max(0, first - (k - 1) // 2)", last="last + (k - 1) // 2"), dict(result="last, first"),
    dict(result="torch.tensor([first, last])"), dict(first="max(p, -((k - 1 - p - first) // s))"), dict(steps="steps[:1]"))] + ["""
def units_that_see(steps, pixel):  # empties the caller's list
    first = last = pixel
    while steps:
        k, s, p = steps.pop(0)
        first, last = max(0, -((k - 1 - p - first) // s)), (last + p) // s
    return first, last
""", """
def units_that_see(steps, pixel):  # returns after the first step
    first = last = pixel
    for k, s, p in steps:
        first, last = max(0, -((k - 1 - p - first) // s)), (last + p) // s
        return first, last
"""]

PLACES = """
def strongest_places(maps, k, apart):
    left, found = {copy}, []
    for _ in range(k):
        picture, row, column = (each.item() for each in torch.unravel_index(left.argmax(), left.shape))
        found.append({found})
        rows, columns = (slice({low}, each + {reach}) for each in (row, column))
        left[{where}] = {value}
    return {result}
"""
SEARCH = dict(copy="maps.clone()", found="(picture, row, column)", low="max(0, each - apart + 1)", reach="apart", where="picture, rows, columns",
              value="-torch.inf", result="found")
SOLUTIONS["strongest_places"] = ["""
def strongest_places(maps, k, apart):  # by distances
    found, (n, h, w) = [], maps.shape
    for i in maps.flatten().argsort(descending=True).tolist():
        place = i // (h * w), i // w % h, i % w
        if len(found) < k and all(a[0] != place[0] or max(abs(a[1] - place[1]), abs(a[2] - place[2])) >= apart for a in found):
            found.append(place)
    return found
""", """
def strongest_places(maps, k, apart):  # as a tensor
    n, y, x = (each.flatten() for each in torch.meshgrid(*map(torch.arange, maps.shape), indexing="ij"))
    values, found = maps.flatten().clone(), []
    for _ in range(k):
        best = values.argmax()
        found.append(torch.stack([n[best], y[best], x[best]]))
        near = (n == n[best]) & ((y - y[best]).abs() < apart) & ((x - x[best]).abs() < apart)
        values = values.masked_fill(near, float("-inf"))
    return torch.stack(found)
"""], [PLACES.format(**(SEARCH | change)) for change in (
    dict(copy="maps"), dict(value="0"), dict(low="each - apart + 1"), dict(low="max(0, each - apart)"), dict(reach="apart + 1"),
    dict(where="picture, rows"), dict(where="picture, row, column"), dict(where="picture"), dict(where=":, rows, columns"),
    dict(found="(row, column)"), dict(found="(picture, column, row)"), dict(result="found[::-1]"), dict(result="sorted(found)"),
    dict(low="max(0, each - apart // 2)", reach="apart // 2 + 1"), dict(result="found[:1]"), dict(low="each"),
    dict(value="-1"), dict(copy="F.relu(maps)"), dict(copy="maps.abs()"), dict(result="found[0]"),
    dict(found="picture * maps[0].numel() + row * maps.shape[2] + column"))] + ["""
def strongest_places(maps, k, apart):  # the top ones, whatever lies between them
    return [(i // maps[0].numel(), i // maps.shape[2] % maps.shape[1], i % maps.shape[2]) for i in maps.flatten().topk(k).indices.tolist()]
""", """
def strongest_places(maps, k, apart):  # far from the one before, near to older ones
    found, (n, h, w) = [], maps.shape
    for i in maps.flatten().argsort(descending=True).tolist():
        place = i // (h * w), i // w % h, i % w
        if len(found) < k and all(a[0] != place[0] or max(abs(a[1] - place[1]), abs(a[2] - place[2])) >= apart for a in found[-1:]):
            found.append(place)
    return found
""", """
def strongest_places(maps, k, apart):  # nothing but local maxima
    tops = F.max_pool2d(maps[:, None], 2 * apart - 1, 1, apart - 1)[:, 0]
    best = torch.where(tops == maps, maps, -torch.inf).flatten().topk(k).indices.tolist()
    return [(i // maps[0].numel(), i // maps.shape[2] % maps.shape[1], i % maps.shape[2]) for i in best]
""", """
def strongest_places(maps, k, apart):  # a circle
    found, (n, h, w) = [], maps.shape
    for i in maps.flatten().argsort(descending=True).tolist():
        place = i // (h * w), i // w % h, i % w
        if len(found) < k and all(a[0] != place[0] or (a[1] - place[1]) ** 2 + (a[2] - place[2]) ** 2 >= apart ** 2 for a in found):
            found.append(place)
    return found
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
