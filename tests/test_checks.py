"""Every exercise's check beside wrong solutions, the likeliest first, which it must refuse, and right ones written differently.

A check runs on what its notebook defines and on little made data, not after the whole notebook.
"""

from functools import cache

import pytest
import torch
from skimage.color.colorconv import yiq_from_rgb

from helpers import activations, load_network, photo
from helpers.collage import SUBJECTS, pairs, scenes
from helpers.heads import load_head, spell
from helpers.make.labs import NOTEBOOKS as FOLDER
from helpers.make.notebooks import definitions, load

NOTEBOOKS = {path.stem.split("_")[0]: path.stem for path in sorted(FOLDER.glob("*.ipynb"))}


@cache
def check_of(name, function):
    """The source of what checks the exercise that asks for `function`: the cells below it, up to the first that asserts."""
    cells = ["".join(cell["source"]) for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    (exercise,) = [i for i, cell in enumerate(cells) if (f"def {function}(" in cell or f"class {function}(" in cell) and "### BEGIN SOLUTION" in cell]
    last = next(i for i in range(exercise + 1, len(cells)) if "assert " in cells[i])
    return "\n".join(cells[exercise + 1 : last + 1])


def first_layers():
    """What the checks of notebook 01 look at: the first filters of a network, noise, and a small network of its own."""
    torch.manual_seed(0)
    small = definitions(NOTEBOOKS["01"])["convnetjs"]()
    weights = next(load_network("vgg", "course").parameters())
    return {"weights": weights, "noise": torch.randn(2000, 3, 5, 5), "small": small, "test": scenes(20, seed=11, size=32)}


def cloud():
    """What the checks of notebooks 02 and 03 look at: vectors that vary more along some directions than along others."""
    random = torch.Generator().manual_seed(0)
    spread = torch.diag(torch.linspace(3, 0.5, 20))
    q, x = (torch.randn(n, 20, generator=random) @ spread + 1 for n in (60, 300))
    return {"q": q, "x": x, "labels": torch.randint(10, (300,), generator=random)}


def asked(network, image):
    """What the checks of notebooks 05 and 06 look at: a picture with a cat, the cat's class and the last layer."""
    target = SUBJECTS.index("cat")
    with activations(network, ["conv5"]) as seen:
        scores = network(image)[0]
    return {"network": network, "image": image, "target": target, "maps": seen["conv5"][0].detach(), "class_scores": scores}


@pytest.fixture(scope="module")
def scopes():
    plain = load_network("plain", "course")
    made = {number: definitions(name) for number, name in NOTEBOOKS.items()}
    made["01"] |= first_layers()
    made["02"] |= cloud()
    made["03"] |= cloud() | {"few": cloud()["x"].double()}
    made["03"]["mean"], (projected, components, ratio) = made["03"]["x"].mean(dim=0), made["03"]["pca"](made["03"]["x"], 5)
    made["03"] |= {"projected": projected, "components": components, "ratio": ratio}
    made["04"] |= {"name": "vgg", "network": load_network("vgg", "course")}
    made["05"] |= asked(load_network("vgg", "course"), scenes(1, seed=11, size=48, subjects="cat").images)
    captioner, seen = load_head("captioner"), pairs(1, seed=3).images
    made["06"] |= asked(load_network("vgg", "course"), pairs(1, seed=10, subjects=("cat", "cup")).images)
    (spoken,) = captioner.say(seen)
    made["06b"] |= {"captioner": captioner, "picture": seen, "spoken": spoken, "words": spell(spoken)}
    made["07"] |= {"plain": plain, "cat": SUBJECTS.index("cat")}
    made["08"] |= {"plain": plain}
    made["09"] |= {"robust": load_network("robust", "course"), "photos": photo("cat", 112)[None],
                   "pagoda": photo("pagoda", 96)[None]}
    made["11"] |= {"TO_YIQ": torch.tensor(yiq_from_rgb).float()}
    made["12"] |= {"gamma": torch.randn(3, 4, generator=torch.Generator().manual_seed(1)),
                   "beta": torch.randn(3, 4, generator=torch.Generator().manual_seed(2))}
    return made


def run(scopes, number, function, solution):
    scope = {name: value.detach().clone() if isinstance(value, torch.Tensor) else value for name, value in scopes[number].items()}
    exec(solution, scope) if isinstance(solution, str) else scope.update({function: solution})
    exec(check_of(NOTEBOOKS[number], function), scope)


SOLUTIONS = {}  # (notebook, function) -> (right ones, wrong ones), each the source of the function

SOLUTIONS["01", "on_one_scale"] = ["""
def on_one_scale(weights):
    most = max(weights.max().item(), -weights.min().item())
    return (weights / most + 1) / 2
"""], ["""
def on_one_scale(weights):  # each to its own largest
    return 0.5 + 0.5 * weights / weights.abs().amax(dim=(1, 2, 3), keepdim=True)
""", """
def on_one_scale(weights):  # zero is not gray
    return (weights - weights.min()) / (weights.max() - weights.min())
""", """
def on_one_scale(weights):  # the largest, not the largest absolute value
    return (0.5 + 0.5 * weights / weights.max()).clamp(0, 1)
""", """
def on_one_scale(weights):  # not halved
    return (0.5 + weights / weights.abs().max()).clamp(0, 1)
"""]

SOLUTIONS["01", "color_share"] = ["""
def color_share(weights):
    gray = 3 * weights.mean(dim=1).square().sum(dim=(1, 2))
    return 1 - gray / weights.square().sum(dim=(1, 2, 3))
"""], ["""
def color_share(weights):  # the gray share
    gray = weights.mean(dim=1, keepdim=True).expand_as(weights)
    return gray.pow(2).sum(dim=(1, 2, 3)) / weights.pow(2).sum(dim=(1, 2, 3))
""", """
def color_share(weights):  # the mean over everything
    color = weights - weights.mean(dim=(1, 2, 3), keepdim=True)
    return color.pow(2).sum(dim=(1, 2, 3)) / weights.pow(2).sum(dim=(1, 2, 3))
""", """
def color_share(weights):  # the gray part counted once, not in three channels
    gray = weights.mean(dim=1)
    return 1 - gray.pow(2).sum(dim=(1, 2)) / weights.pow(2).sum(dim=(1, 2, 3))
""", """
def color_share(weights):  # absolute values, not squares
    color = weights - weights.mean(dim=1, keepdim=True)
    return color.abs().sum(dim=(1, 2, 3)) / weights.abs().sum(dim=(1, 2, 3))
"""]

DIRECTION = '''
def direction(filter):
    gray = filter.mean(dim=0)
    power = torch.fft.fft2({gray}, s=(32, 32)).abs() ** 2
    row, column = divmod(power.argmax().item(), 32)
    v, u = torch.fft.fftfreq(32)[row].item(), torch.fft.fftfreq(32)[column].item()
    return {angle}
'''
SOLUTIONS["01", "direction"] = ["""
def direction(filter):
    gray = filter.mean(dim=0)
    power = torch.fft.fft2(gray, s=(32, 32)).abs()
    power[0, 0] = 0
    v, u = ((i + 16) % 32 - 16 for i in divmod(power.argmax().item(), 32))
    angle = math.degrees(math.atan2(v, u))
    return angle + 180 if angle < 0 else angle - 180 if angle >= 180 else angle
"""], [DIRECTION.format(**({"gray": "gray - gray.mean()", "angle": "math.degrees(math.atan2(v, u)) % 180"} | change)) for change in (
    {"angle": "(math.degrees(math.atan2(-v, u))) % 180"}, {"angle": "math.degrees(math.atan2(u, v)) % 180"}, {"angle": "math.atan2(v, u) % math.pi"},
    {"angle": "(math.degrees(math.atan2(v, u)) + 90) % 180"}, {"angle": "math.degrees(math.atan2(row, column)) % 180"})]

SHUFFLED = """
def shuffled(network, order):
    twin = copy.deepcopy(network)
    twin[0].weight.data.copy_(network[0].weight[order])
    {}
    return twin
"""
SOLUTIONS["01", "shuffled"] = ["""
def shuffled(network, order):
    twin = copy.deepcopy(network)
    state = network.state_dict()
    state["0.weight"], state["0.bias"] = state["0.weight"][order], state["0.bias"].index_select(0, order)
    state["3.weight"] = torch.stack([each[order] for each in state["3.weight"]])
    twin.load_state_dict(state)
    return twin
"""], [SHUFFLED.format(line) for line in (
    "twin[0].bias.data.copy_(network[0].bias[order])", "twin[3].weight.data.copy_(network[3].weight[:, order])",
    "twin[0].bias.data.copy_(network[0].bias[order]); twin[3].weight.data.copy_(network[3].weight[:, order.argsort()])",
    "twin[0].bias.data.copy_(network[0].bias[order]); twin[3].weight.data.copy_(network[3].weight[torch.randperm(20)])")] + ["""
def shuffled(network, order):  # does nothing
    return copy.deepcopy(network)
"""]

NEAREST = '''
def nearest(queries, gallery, k, chunk=256):
    x, q = {vectors}
    squared = (q**2).sum(1)[:, None] {product} + (x**2).sum(1)
    near, indices = {sort}
    return near[:, :k]{root}.to(queries.dtype), indices[:, :k]
'''
FOUND = dict(vectors="gallery.double(), queries.double()", product="- 2 * q @ x.T", sort="squared.clamp(min=0).sort(dim=1, stable=True)", root=".sqrt()")
SOLUTIONS["02", "nearest"] = ['''
def nearest(queries, gallery, k, chunk=256):
    distances, indices = [], []
    for q in queries.double():
        away = (gallery.double() - q).norm(dim=1)
        order = sorted(range(len(gallery)), key=lambda i: (away[i].item(), i))[:k]
        distances.append(away[order]), indices.append(torch.tensor(order))
    return torch.stack(distances).to(queries.dtype), torch.stack(indices)
''', NEAREST.format(**FOUND)], [NEAREST.format(**(FOUND | change)) for change in (
    dict(sort="squared.sort(dim=1, stable=True)"), dict(root=""), dict(product="- q @ x.T"), dict(product="+ 2 * q @ x.T"),
    dict(sort="squared.clamp(min=0).sort(dim=1, stable=True, descending=True)"), dict(vectors="gallery, queries"),
    dict(sort="[each.flip(1) for each in squared.flip(1).sort(dim=1, descending=True)]"),
    dict(sort="squared.clamp(min=0).topk(k, dim=1, largest=False)"), dict(sort="squared.sqrt().sort(dim=1, stable=True)", root=""))]

SOLUTIONS["02", "vote"] = ["""
def vote(neighbor_labels):
    return neighbor_labels.mode(dim=1).values
""", """
def vote(neighbor_labels):
    return torch.stack([torch.bincount(row).argmax() for row in neighbor_labels])
"""], ["""
def vote(neighbor_labels):  # the nearest
    return neighbor_labels[:, 0]
""", """
def vote(neighbor_labels):  # the median
    return neighbor_labels.median(dim=1).values
""", """
def vote(neighbor_labels):  # the most frequent of all
    return torch.bincount(neighbor_labels.flatten()).argmax().repeat(len(neighbor_labels))
""", """
def vote(neighbor_labels):  # of equals the largest
    counts = F.one_hot(neighbor_labels).sum(dim=1).flip(1)
    return counts.shape[1] - 1 - counts.argmax(dim=1)
"""]

COSINE = """
def nearest_by_cosine(queries, gallery, k):
    distances, indices = nearest({}, {}, k)
    return {}, indices
"""
SOLUTIONS["02", "nearest_by_cosine"] = ["""
def nearest_by_cosine(queries, gallery, k):
    best = (F.normalize(queries, dim=1) @ F.normalize(gallery, dim=1).T).topk(k, dim=1)
    return best.values, best.indices
"""], ["""
def nearest_by_cosine(queries, gallery, k):  # the first of the gallery, sorted
    similar = F.normalize(queries, dim=1) @ F.normalize(gallery[:k], dim=1).T
    return similar.sort(dim=1, descending=True)
"""] + [COSINE.format(*each) for each in (
    ("F.normalize(queries, dim=1)", "gallery", "1 - distances**2 / 2"), ("queries", "F.normalize(gallery, dim=1)", "1 - distances**2 / 2"),
    ("F.normalize(queries, dim=1)", "F.normalize(gallery, dim=1)", "distances"), ("F.normalize(queries, dim=1)", "F.normalize(gallery, dim=1)", "1 - distances / 2"),
    ("F.normalize(queries, dim=0)", "F.normalize(gallery, dim=0)", "1 - distances**2 / 2"))]

WHITENING = """
def whitening(gallery, k):
    mean = {mean}
    values, vectors = torch.linalg.eigh((gallery - mean).T.cov().double())
    values, vectors = {kept}
    return mean, ({matrix}).to(gallery.dtype)
"""
WHITE = dict(mean="gallery.mean(dim=0)", kept="values.flip(0)[:k], vectors.flip(1)[:, :k]", matrix="vectors / values.sqrt()")
SOLUTIONS["02", "whitening"] = ["""
def whitening(gallery, k):
    mean = gallery.mean(dim=0)
    _, S, Vt = torch.linalg.svd((gallery - mean).double(), full_matrices=False)
    return mean, (Vt[:k].T / S[:k] * (len(gallery) - 1) ** 0.5).to(gallery.dtype)
"""], [WHITENING.format(**(WHITE | change)) for change in (
    dict(mean="torch.zeros(gallery.shape[1])"), dict(kept="values[:k], vectors[:, :k]"), dict(matrix="vectors"), dict(matrix="vectors / values"),
    dict(matrix="vectors * values.sqrt()"), dict(kept="values.flip(0)[:k], vectors[:, :k]"))]

SOLUTIONS["02", "times_chosen"] = ["""
def times_chosen(indices, n):
    return (indices.flatten()[:, None] == torch.arange(n)).sum(dim=0)
"""], ["""
def times_chosen(indices, n):  # the nearest only
    return torch.bincount(indices[:, 0], minlength=n)
""", """
def times_chosen(indices, n):  # nothing for those that are never chosen
    return torch.bincount(indices.flatten())
""", """
def times_chosen(indices, n):  # chosen at all
    return torch.bincount(indices.flatten(), minlength=n).clamp(max=1)
""", """
def times_chosen(indices, n):  # the later of two overwrites
    return torch.zeros(n, dtype=torch.int64).index_put((indices,), torch.ones((), dtype=torch.int64))
"""]

PCA = """
def pca(x, k):
    centered = {centered}
    U, S, Vt = torch.linalg.svd(centered, full_matrices=False)
    return {projected}, {components}, {share}
"""
PARTS = dict(centered="x - x.mean(dim=0)", projected="centered @ Vt[:k].T", components="Vt[:k]", share="(S**2 / (S**2).sum())[:k]")
SOLUTIONS["03", "pca"] = ["""
def pca(x, k):
    centered = x - x.mean(dim=0)
    values, vectors = torch.linalg.eigh((centered.T @ centered).double())
    values, vectors = values.flip(0), vectors.flip(1)[:, :k].to(x.dtype)
    return centered @ vectors, vectors.T, (values / values.sum())[:k].to(x.dtype)
"""], [PCA.format(**(PARTS | change)) for change in (
    dict(centered="x"), dict(projected="x @ Vt[:k].T"), dict(projected="U[:, :k]"), dict(components="Vt[:, :k].T"), dict(share="(S / S.sum())[:k]"),
    dict(share="S[:k]**2 / (S[:k]**2).sum()"), dict(share="(S**2)[:k]"))]

SOLUTIONS["03", "reconstruct"] = ["""
def reconstruct(projected, components, mean):
    return torch.einsum("nk,kd->nd", projected, components).add(mean)
"""], ["""
def reconstruct(projected, components, mean):  # without the mean
    return projected @ components
""", """
def reconstruct(projected, components, mean):  # the mean taken away again
    return projected @ components - mean
""", """
def reconstruct(projected, components, mean):  # the first component only
    return projected[:, :1] @ components[:1] + mean
""", """
def reconstruct(projected, components, mean):  # nothing but the mean
    return mean.expand(len(projected), -1)
"""]

SOLUTIONS["03", "perplexity"] = ["""
def perplexity(p):
    return (2 ** entropy(p[None]))[0]
""", """
def perplexity(p):
    return math.exp(-sum(each * math.log(each) for each in p.tolist() if each > 0))
"""], ["""
def perplexity(p):
    return (1 / p.max()).item()
""", """
def perplexity(p):
    return (1 / (p**2).sum()).item()
""", """
def perplexity(p):  # the entropy itself
    return torch.special.entr(p).sum().item() / math.log(2)
""", """
def perplexity(p):  # in nats, to the power of 2
    return 2 ** torch.special.entr(p).sum().item()
""", """
def perplexity(p):  # how many are not 0
    return (p > 0).sum().item()
""", """
def perplexity(p):  # 0 log 0 is NaN
    return (2 ** -(p * p.log2()).sum()).item()
"""]

SCALING = """
def classical_mds(squared, k):
    J = torch.eye(len(squared), dtype=squared.dtype) - 1 / len(squared)
    values, vectors = torch.linalg.eigh({})
    return {}
"""
SOLUTIONS["03", "classical_mds"] = ["""
def classical_mds(squared, k):
    B = -0.5 * (squared - squared.mean(0) - squared.mean(1)[:, None] + squared.mean())
    U, S, _ = torch.linalg.svd(B)
    return U[:, :k] * S[:k].sqrt()
"""], [SCALING.format(*each) for each in (
    ("-0.5 * J @ squared @ J", "vectors[:, :k] * values[:k].clamp(min=0).sqrt()"), ("-0.5 * J @ squared @ J", "vectors.flip(1)[:, :k]"),
    ("-0.5 * J @ squared @ J", "vectors.flip(1)[:, :k] * values.flip(0)[:k]"), ("-J @ squared @ J", "vectors.flip(1)[:, :k] * values.flip(0)[:k].sqrt()"),
    ("-0.5 * squared", "vectors.flip(1)[:, :k] * values.flip(0)[:k].abs().sqrt()"),
    ("-0.5 * J @ squared.sqrt() @ J", "vectors.flip(1)[:, :k] * values.flip(0)[:k].abs().sqrt()"))]

KEPT = """
def neighbors_kept(high, low, k=10):
    near_high, near_low = (torch.cdist(x, x){} for x in (high, low))
    return {}
"""
NEAR = ".fill_diagonal_(torch.inf).topk(k, largest=False).indices"
SOLUTIONS["03", "neighbors_kept"] = ["""
def neighbors_kept(high, low, k=10):
    both = 0
    for i in range(len(high)):
        mine, theirs = ({j for j in (x - x[i]).norm(dim=1).argsort(stable=True).tolist() if j != i} and
                        [j for j in (x - x[i]).norm(dim=1).argsort(stable=True).tolist() if j != i][:k] for x in (high, low))
        both += len(set(mine) & set(theirs))
    return both / (k * len(high))
"""], [KEPT.format(*each) for each in (
    (NEAR, "(near_high == near_low).float().mean().item()"), (".topk(k, largest=False).indices", "sum(len(set(a) & set(b)) for a, b in zip(near_high.tolist(), near_low.tolist())) / near_high.numel()"),
    (NEAR, "sum(len(set(a) & set(b)) for a, b in zip(near_high.tolist(), near_low.tolist())) / len(high)"),
    (NEAR, "sum(len(set(a) & set(b)) / len(set(a) | set(b)) for a, b in zip(near_high.tolist(), near_low.tolist())) / len(high)"),
    (".fill_diagonal_(-torch.inf).topk(k).indices", "sum(len(set(a) & set(b)) for a, b in zip(near_high.tolist(), near_low.tolist())) / near_high.numel()"))]

CHAIN = """
def chain_field(steps):
    size, stride, offset = 1, 1, 0.0
    for k, s, p in steps:
        {}
    return size, stride, offset
"""
SOLUTIONS["04", "chain_field"] = ["""
def chain_field(steps):
    if not steps:
        return 1, 1, 0.0
    size, stride, offset = chain_field(steps[:-1])
    k, s, p = steps[-1]
    first, last = offset - p * stride, offset + (k - 1 - p) * stride
    return size + (k - 1) * stride, stride * s, (first + last) / 2
"""], [CHAIN.format(line) for line in (
    "size, offset, stride = size + (k - 1), offset + (k - 1) / 2 - p, stride * s",
    "stride *= s; size += (k - 1) * stride; offset += ((k - 1) / 2 - p) * stride",
    "size, offset, stride = size + (k - 1) * stride, offset + (k - 1) / 2 * stride, stride * s",
    "size, offset, stride = size + k * stride, offset + ((k - 1) / 2 - p) * stride, stride * s",
    "size, offset, stride = size + (k - 1) * stride, offset + (k - 1) / 2 - p, stride * s",
    "size, offset, stride = size + (k - 1) * stride, offset + ((k - 1) / 2 - p) * stride, stride + s")]

SQUARE = """
def effective_size(strength, center, share=0.5):
    away = (torch.arange(len(strength)) - {center}).abs()
    away = {box}
    for side in range({first}, 2 * len(strength) + 1):
        if strength[away <= {reach}].sum() >= {wanted}:
            return side
"""
GROWN = dict(center="center", box="torch.maximum(away[:, None], away)", first=1, reach="(side - 1) / 2", wanted="share * strength.sum()")
SOLUTIONS["04", "effective_size"] = ["""
def effective_size(strength, center, share=0.5):
    side, held = 0, 0.0
    while held < share * strength.sum():
        side += 1
        near = [i for i in range(len(strength)) if 2 * abs(i - center) <= side - 1]
        held = strength[near][:, near].sum()
    return side
"""], [SQUARE.format(**(GROWN | change)) for change in (
    dict(center="(len(strength) - 1) / 2"), dict(first=4), dict(reach="side"), dict(wanted="share * strength.max()"), dict(box="away[:, None] + away"),
    dict(wanted="share"))]

SELECTIVITY = """
def selectivity(features, classes):
    means = torch.stack([features[classes == c].mean(dim=0) for c in classes.unique()])
    top = means.amax(dim=0)
    rest = {}
    return {}
"""
SHARE = "(top - rest) / (top + rest).clamp(min=1e-12)"
SOLUTIONS["04", "selectivity"] = ["""
def selectivity(features, classes):
    found = []
    for unit in features.T:
        means = sorted(unit[classes == c].mean().item() for c in set(classes.tolist()))
        rest = sum(means[:-1]) / len(means[:-1])
        found.append((means[-1] - rest) / (means[-1] + rest) if means[-1] > 0 else 0.0)
    return torch.tensor(found)
"""], [SELECTIVITY.format(*each) for each in (
    ("means.amin(dim=0)", SHARE), ("means.sort(dim=0).values[-2]", SHARE), ("means.mean(dim=0)", SHARE), ("(means.sum(dim=0) - top) / (len(means) - 1)", "(top - rest) / (top + rest)"),
    ("(means.sum(dim=0) - top) / (len(means) - 1)", "(top - rest) / top.clamp(min=1e-12)"), ("(means.sum(dim=0) - top) / (len(means) - 1)", "top - rest"),
    ("(means.sum(dim=0) - top)", SHARE),
    ("torch.stack([features[classes != c].mean(dim=0) for c in classes.unique()])[means.argmax(dim=0), torch.arange(features.shape[1])]", SHARE))]

SOLUTIONS["04", "pillars"] = ["""
def pillars(features, weight, count):
    added = {unit: (features[:, unit] * weight[unit]).mean().item() for unit in range(len(weight))}
    return sorted(added, key=added.get, reverse=True)[:count]
"""], [f"""
def pillars(features, weight, count):
    return ({added}).topk(count).indices
""" for added in ("weight", "features.mean(dim=0)", "features[0] * weight", "(features * weight).amax(dim=0)", "-features.mean(dim=0) * weight",
                  "(features.mean(dim=0) * weight).abs()")]

SMOOTH = """
def smooth_grad(network, image, target, samples=6, sigma=0.1, seed=0):
    generator, total = torch.Generator().manual_seed(seed), 0
    for _ in range(samples):
        noise = sigma * torch.randn(image.shape, generator=generator).to(image)
        {}
    return {}
"""
SOLUTIONS["05", "smooth_grad"] = ["""
def smooth_grad(network, image, target, samples=6, sigma=0.1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    noise = [torch.randn(image.shape, generator=generator).to(image) for _ in range(samples)]
    return torch.stack([signed_gradient(network, image + sigma * each, target) for each in noise]).mean(0).abs().amax(0)
"""], [SMOOTH.format(*each) for each in (
    ("total = total + saliency_map(network, image + noise, target)", "total / samples"),
    ("total = total + signed_gradient(network, image + noise, target)", "total.abs().amax(dim=0)"),
    ("total = total + signed_gradient(network, image, target)", "(total / samples).abs().amax(dim=0)"),
    ("total = signed_gradient(network, image + noise, target)", "total.abs().amax(dim=0)"),
    ("image += noise; total = total + signed_gradient(network, image, target)", "(total / samples).abs().amax(dim=0)"),
    ("total = total + signed_gradient(network, image + noise, target)", "(total / samples).abs()"))]

GRADIENT = """
def integrated_gradients(network, image, target, steps=16):
    gray, total = torch.full_like(image, 0.5), 0
    for i in range(steps):
        x = ({}).detach().requires_grad_()
        total = total + torch.autograd.grad(network(x){}, x)[0]
    return ({})[0]
"""
WAY = "gray + (i + 0.5) / steps * (image - gray)"
SOLUTIONS["05", "integrated_gradients"] = ["""
def integrated_gradients(network, image, target, steps=16):
    gray = torch.full_like(image, 0.5)
    way = [torch.lerp(gray, image, (i + 0.5) / steps).detach().requires_grad_() for i in range(steps)]
    slopes = [torch.autograd.grad(network(x)[0, target], x)[0] for x in way]
    return torch.stack(slopes).mean(0)[0] * (image - 0.5)[0]
"""], [GRADIENT.format(*each) for each in (
    ("image", "[0, target]", "(image - gray) * total / steps"), (WAY, "[0, target]", "total / steps"), (WAY, "[0, target]", "(image - gray) * total"),
    (WAY, "[0, target]", "image * total / steps"), ("(i + 0.5) / steps * image", "[0, target]", "(image - gray) * total / steps"),
    (WAY, "[0, target]", "((image - gray) * total / steps).abs()"), (WAY, ".softmax(1)[0, target]", "(image - gray) * total / steps"))] + ["""
def integrated_gradients(network, image, target, steps=16):  # complete, and knows nothing
    with torch.no_grad():
        gain = (network(image) - network(torch.full_like(image, 0.5)))[0, target]
    return (gain / image.numel()).expand(image.shape[1:])
"""]

SOLUTIONS["05", "share_of_wins"] = ["""
def share_of_wins(a, b, draws=2000, seed=0):
    generator = torch.Generator().manual_seed(seed + 7)
    won = 0
    for _ in range(draws):
        some = torch.multinomial(torch.ones(len(a)), len(a), replacement=True, generator=generator)
        won += (a[some].mean() > b[some].mean()).item()
    return won / draws
"""], ["""
def share_of_wins(a, b, draws=2000, seed=0):  # scenes drawn apart
    generator = torch.Generator().manual_seed(seed)
    one, other = (torch.randint(len(a), (draws, len(a)), generator=generator) for _ in range(2))
    return (a[one].mean(dim=1) > b[other].mean(dim=1)).float().mean().item()
""", """
def share_of_wins(a, b, draws=2000, seed=0):  # the share of scenes
    return (a > b).float().mean().item()
""", """
def share_of_wins(a, b, draws=2000, seed=0):  # without putting back
    generator = torch.Generator().manual_seed(seed)
    some = torch.stack([torch.randperm(len(a), generator=generator) for _ in range(draws)])
    return ((a - b)[some].mean(dim=1) > 0).float().mean().item()
""", """
def share_of_wins(a, b, draws=2000, seed=0):  # the other way round
    generator = torch.Generator().manual_seed(seed)
    some = torch.randint(len(a), (draws, len(a)), generator=generator)
    return ((b - a)[some].mean(dim=1) > 0).float().mean().item()
""", """
def share_of_wins(a, b, draws=2000, seed=0):  # a tie is a win
    generator = torch.Generator().manual_seed(seed)
    some = torch.randint(len(a), (draws, len(a)), generator=generator)
    return ((a - b)[some].mean(dim=1) >= 0).float().mean().item()
""", """
def share_of_wins(a, b, draws=2000, seed=0):  # one scene a draw
    generator = torch.Generator().manual_seed(seed)
    return ((a - b)[torch.randint(len(a), (draws,), generator=generator)] > 0).float().mean().item()
"""]

SOLUTIONS["05", "specificity"] = ["""
def specificity(heat, asked, other):
    total = heat[asked.bool()].sum() + heat[other.bool()].sum()
    return 0.5 if total == 0 else float(heat[asked.bool()].sum() / total)
"""], ["""
def specificity(heat, asked, other):  # of all heat
    return ((heat * asked).sum() / heat.sum().clamp(min=1e-9)).item()
""", """
def specificity(heat, asked, other):  # nothing is NaN
    on, off = (heat * asked).sum(), (heat * other).sum()
    return (on / (on + off)).item()
""", """
def specificity(heat, asked, other):  # the other's share
    on, off = (heat * asked).sum(), (heat * other).sum()
    return (off / (on + off)).item() if on + off > 0 else 0.5
""", """
def specificity(heat, asked, other):  # per pixel
    on, off = (heat * asked).sum() / asked.sum(), (heat * other).sum() / other.sum()
    return (on / (on + off)).item() if on + off > 0 else 0.5
"""]

SOLUTIONS["06", "bounding_box"] = ["""
def bounding_box(heat, share=0.4):
    hot = heat >= share * heat.max()
    across, down = hot.any(dim=0).nonzero().flatten().tolist(), hot.any(dim=1).nonzero().flatten().tolist()
    return across[0], down[0], across[-1] + 1, down[-1] + 1
"""], [f"""
def bounding_box(heat, share=0.4):
    rows, columns = torch.where({hot})
    left, top, right, bottom = columns.min().item(), rows.min().item(), columns.max().item(), rows.max().item()
    return {box}
""" for hot, box in (("heat > 0", "(left, top, right + 1, bottom + 1)"), ("heat >= share", "(left, top, right + 1, bottom + 1)"),
                     ("heat >= 0.4 * heat.max()", "(left, top, right + 1, bottom + 1)"),
                     ("heat >= share * heat.max()", "(left, top, right, bottom)"), ("heat >= share * heat.max()", "(top, left, bottom + 1, right + 1)"),
                     ("heat >= share * heat.max()", "(left, top, right + 1 - left, bottom + 1 - top)"))]

SOLUTIONS["06", "cam_weight_over_alpha"] = ["""
def cam_weight_over_alpha(height, width):
    return torch.ones(height, width).sum().item()
"""], [f"""
def cam_weight_over_alpha(height, width):
    return {factor}
""" for factor in ("1", "1 / (height * width)", "height", "64", "height + width")]

CAM = """
def grad_cam(network, layer, image, target):
    with activations(network, [layer]) as seen:
        score = network(image.detach().clone().requires_grad_()){score}
    A = seen[layer]
    (gradient,) = torch.autograd.grad(score, A)
    heat = ({heat})[0]
    return {result}
"""
MAP = dict(score="[0, target]", heat="F.relu((gradient.mean(dim=(2, 3), keepdim=True) * A).sum(dim=1))", result="upsample(heat.detach(), image.shape[-2:])")
SOLUTIONS["06", "grad_cam"] = ["""
def grad_cam(network, layer, image, target):
    with activations(network, layer) as seen:
        logits = network(image.clone().requires_grad_())
    slope = torch.autograd.grad(logits[:, target].sum(), seen[layer])[0][0]
    weighted = torch.tensordot(slope.flatten(1).mean(1), seen[layer][0].detach(), dims=1)
    return F.interpolate(weighted.clamp(min=0)[None, None], size=image.shape[-2:], mode="bilinear")[0, 0]
"""], [CAM.format(**(MAP | change)) for change in (
    dict(heat="(gradient.mean(dim=(2, 3), keepdim=True) * A).sum(dim=1)"), dict(heat="F.relu(gradient.mean(dim=(2, 3), keepdim=True) * A).sum(dim=1)"),
    dict(heat="F.relu((gradient * A).sum(dim=1))"), dict(heat="F.relu((gradient.sum(dim=(2, 3), keepdim=True) * A).sum(dim=1))"), dict(score="[0].max()"),
    dict(score=".sum()"), dict(result="heat.detach()"), dict(result="upsample(heat, image.shape[-2:])"), dict(score=".softmax(1)[0, target]"))]

LAYER = """
def layer_cam(network, layer, image, target):
    with activations(network, [layer]) as seen:
        score = network(image.detach().clone().requires_grad_())[0, target]
    A = seen[layer]
    (gradient,) = torch.autograd.grad(score, A)
    heat = {}
    return {}
"""
UP = "upsample(heat[0].detach(), image.shape[-2:])"
SOLUTIONS["06", "layer_cam"] = ["""
def layer_cam(network, layer, image, target):
    with activations(network, [layer]) as seen:
        scores = network(image.detach().clone().requires_grad_())
    slope, = torch.autograd.grad(scores[:, target].sum(), seen[layer])
    weighted = slope[0].clamp(min=0) * seen[layer][0].detach()
    return F.interpolate(weighted.sum(0).clamp(min=0)[None, None], size=image.shape[-2:], mode="bilinear", align_corners=False)[0, 0]
"""], [LAYER.format(*each) for each in (
    ("F.relu((gradient.mean(dim=(2, 3), keepdim=True) * A).sum(dim=1))", UP), ("F.relu((gradient * A).sum(dim=1))", UP), ("F.relu(gradient).sum(dim=1)", UP),
    ("F.relu((F.relu(gradient) * A).sum(dim=1))", "heat[0].detach()"), ("F.relu((F.relu(gradient) * A).sum(dim=1))", "upsample(heat[0], image.shape[-2:])"),
    ("F.relu((F.relu(-gradient) * A).sum(dim=1))", UP), ("(gradient.abs() * A).sum(dim=1)", UP), ("2 * F.relu((F.relu(gradient) * A).sum(dim=1))", UP),
    ("(F.relu(gradient).amax(dim=(2, 3), keepdim=True) * A).sum(dim=1)", UP))]

AGAINST = """
def counterfactual_map(network, layer, image, target):
    with activations(network, [layer]) as seen:
        score = network(image.detach().clone().requires_grad_())[0, target]
    (gradient,) = torch.autograd.grad(score, seen[layer])
    alpha, A = gradient.mean(dim=(2, 3), keepdim=True), seen[layer]
    return upsample(({})[0].detach(), image.shape[-2:])
"""
SOLUTIONS["06", "counterfactual_map"] = [AGAINST.format("(alpha * A).sum(dim=1).clamp(max=0).neg()")], [AGAINST.format(heat) for heat in (
    "F.relu((alpha * A).sum(dim=1))", "F.relu(-F.relu((alpha * A).sum(dim=1)))", "-(alpha * A).sum(dim=1)", "(alpha * A).sum(dim=1).abs()",
    "(F.relu(-alpha) * A).sum(dim=1)")]

SOLUTIONS["06b", "iou_of_class"] = ["""
def iou_of_class(found, true, c):
    both = sum(a == b == c for a, b in zip(found.flatten().tolist(), true.flatten().tolist()))
    return both / ((found == c).sum() + (true == c).sum() - both).item()
"""], [f"""
def iou_of_class(found, true, c):
    mine, theirs = found == c, true == c
    return {wrong}
""" for wrong in ("((mine & theirs).sum((1, 2)) / (mine | theirs).sum((1, 2))).mean().item()", "((mine & theirs).sum() / theirs.sum()).item()", "(mine == theirs).float().mean().item()",
                  "(2 * (mine & theirs).sum() / (mine.sum() + theirs.sum())).item()", "((found == true).sum() / found.numel()).item()")]

ATTEND = """
def attend(places, query):
    attention = {}
    return attention, {}
"""
SOLUTIONS["06b", "attend"] = ["""
def attend(places, query):
    match = torch.stack([(column * query).sum() for column in places.T]) / 8
    weights = match.exp() / match.exp().sum()
    return weights, (places * weights).sum(dim=1)
"""], [ATTEND.format(*each) for each in (
    ("(query @ places).softmax(dim=0)", "places @ attention"), ("query @ places / 8", "places @ attention"), ("(query @ places / 64).softmax(dim=0)", "places @ attention"),
    ("(query @ places / 8).sigmoid()", "places @ attention"), ("(query @ places / 8).softmax(dim=0)", "places.mean(dim=1)"),
    ("(query @ places / 8).softmax(dim=0)", "places[:, attention.argmax()]"), ("(places @ query / 8).softmax(dim=0)", "attention @ places"))]

SPOKEN = """
def word_probabilities(captioner, image, text):
    words = spell(text).to(image.device)
    with torch.no_grad():
        logits = captioner({image}, words[None, :-1])[0]
    return {found}
"""
SAID = dict(image="image", found="logits.softmax(dim=0).gather(0, words[None, 1:])[0, : len(text.split())].cpu()")
SOLUTIONS["06b", "word_probabilities"] = ["""
@torch.no_grad()
def word_probabilities(captioner, image, text):
    words, found = spell(text).tolist(), []
    for i in range(len(text.split())):
        logits = captioner(image, torch.tensor([words[:-1]], device=image.device))[0, :, i]
        found.append((logits - logits.logsumexp(0)).exp()[words[i + 1]].item())
    return torch.tensor(found)
"""], [SPOKEN.format(**(SAID | change)) for change in (
    dict(found="logits.gather(0, words[None, 1:])[0, : len(text.split())].cpu()"), dict(found="logits.softmax(dim=1).gather(0, words[None, 1:])[0, : len(text.split())].cpu()"),
    dict(found="logits.softmax(dim=0).gather(0, words[None, :-1])[0, : len(text.split())].cpu()"), dict(found="logits.sigmoid().gather(0, words[None, 1:])[0, : len(text.split())].cpu()"),
    dict(found="logits.softmax(dim=0).gather(0, words[None, 1:])[0].cpu()"),
    dict(found="logits.softmax(dim=0).gather(0, words[None, 1:])[0, : len(text.split())].cumprod(0).cpu()"), dict(image="torch.full_like(image, 0.45)"))]

SOLUTIONS["07", "ascend"] = ['''
def ascend(network, target, image, steps, lr=0.02):
    found = image.clone()
    while steps:
        found.requires_grad_(True)
        slope = torch.autograd.grad(network(found)[:, target].sum(), found)[0]
        found = torch.clamp(found.detach() + lr * slope / (slope ** 2).mean() ** 0.5, 0, 1)
        steps -= 1
    return found
'''], ['''
def ascend(network, target, image, steps, lr=0.02):  # descent
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x)[0, target], x)
        image = (x - lr * g / g.square().mean().sqrt()).clamp(0, 1).detach()
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # not scaled
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x)[0, target], x)
        image = (x + lr * g).clamp(0, 1).detach()
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # the sign
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x)[0, target], x)
        image = (x + lr * g.sign()).clamp(0, 1).detach()
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # not clipped
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x)[0, target], x)
        image = (x + lr * g / g.square().mean().sqrt()).detach()
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # clipped above only
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x)[0, target], x)
        image = (x + lr * g / g.square().mean().sqrt()).clamp(max=1).detach()
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # the first gradient all the way
    x = image.detach().clone().requires_grad_()
    g, = torch.autograd.grad(network(x)[0, target], x)
    for _ in range(steps):
        image = (image + lr * g / g.square().mean().sqrt()).clamp(0, 1).detach()
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # the probability
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x).softmax(1)[0, target], x)
        image = (x + lr * g / g.square().mean().sqrt()).clamp(0, 1).detach()
    return image
''']

SOLUTIONS["07", "total_variation"] = ['''
def total_variation(images):
    return images.diff(dim=2).pow(2).flatten(1).sum(1) + images.diff(dim=3).pow(2).flatten(1).sum(1)
'''], ['''
def total_variation(images):  # one number for all
    return images.diff(dim=2).square().sum() + images.diff(dim=3).square().sum()
''', '''
def total_variation(images):  # to the right only
    return images.diff(dim=3).square().sum((1, 2, 3))
''', '''
def total_variation(images):  # absolute values
    return images.diff(dim=2).abs().sum((1, 2, 3)) + images.diff(dim=3).abs().sum((1, 2, 3))
''', '''
def total_variation(images):  # around the edge
    return sum((images - images.roll(1, d)).square().sum((1, 2, 3)) for d in (2, 3))
''']

SOLUTIONS["07", "bootstrap_difference"] = ['''
def bootstrap_difference(first, second, rounds=2000, seed=0):
    generator = torch.Generator().manual_seed(seed + 1)
    found = []
    for _ in range(rounds):
        some = torch.randint(len(first), (len(first),), generator=generator)
        found.append((first[some].mean() - second[some].mean()).item())
    found = sorted(found)
    return found[round(0.025 * rounds)], found[round(0.975 * rounds) - 1]
'''], ['''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # the two drawn apart
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.randint(len(first), (rounds, len(first)), generator=generator) for _ in range(2))
    return tuple((first[a].mean(1) - second[b].mean(1)).quantile(torch.tensor([0.025, 0.975])).tolist())
''', '''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # the spread of single pictures
    return tuple((first - second).quantile(torch.tensor([0.025, 0.975])).tolist())
''', '''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # the other way round
    generator = torch.Generator().manual_seed(seed)
    some = torch.randint(len(first), (rounds, len(first)), generator=generator)
    return tuple((second - first)[some].mean(1).quantile(torch.tensor([0.025, 0.975])).tolist())
''', '''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # without putting back
    generator = torch.Generator().manual_seed(seed)
    some = torch.stack([torch.randperm(len(first), generator=generator) for _ in range(rounds)])
    return tuple((first - second)[some].mean(1).quantile(torch.tensor([0.025, 0.975])).tolist())
''']

PGD_L2 = '''
def pgd_l2(network, images, labels, epsilon, step, steps):
    x = images
    for _ in range(steps):
        gradient = loss_gradient(network, x, labels)
        change = x {sign} step * {direction} - images
        length = change.flatten(1).norm(dim=1)[:, None, None, None].clamp(min=1e-12)
        x = {result}
    return x
'''
RIGHT = dict(sign="+", direction="F.normalize(gradient.flatten(1)).view_as(x)", result="(images + change * (epsilon / length).clamp(max=1)).clamp(0, 1)")
SOLUTIONS["08", "pgd_l2"] = ['''
def pgd_l2(network, images, labels, epsilon, step, steps):
    done = []
    for image, label in zip(images.split(1), labels.split(1)):
        delta = torch.zeros_like(image)
        for _ in range(steps):
            slope = loss_gradient(network, image + delta, label)
            delta = delta + step * slope / slope.norm()
            delta = delta * min(1.0, epsilon / delta.norm().item())
            delta = (image + delta).clamp(0, 1) - image
        done.append(image + delta)
    return torch.cat(done)
'''], [PGD_L2.format(**(RIGHT | change)) for change in (
    dict(sign="-"), dict(direction="gradient.sign()"), dict(direction="gradient / gradient.norm()"), dict(direction="gradient"),
    dict(result="(images + change).clamp(0, 1)"), dict(result="(images + change * epsilon / length).clamp(0, 1)"),
    dict(result="images + change * (epsilon / length).clamp(max=1)"),
    dict(result="(images + change * (epsilon / length).clamp(max=1)).clamp(min=0)"),
    dict(result="(images + change.clamp(-epsilon, epsilon)).clamp(0, 1)"),
    dict(direction="F.normalize(loss_gradient(network, images, labels).flatten(1)).view_as(x)"))]

SOLUTIONS["08", "smallest_epsilon"] = ['''
def smallest_epsilon(network, images, labels, most=32):
    sign = loss_gradient(network, images, labels).sign()
    table = torch.stack([answers(network, rounded((images + k / 255 * sign).clamp(0, 1))).argmax(1) != labels for k in range(1, most + 1)])
    return torch.where(table.any(0), table.int().argmax(0) + 1, most + 1)
'''], ['''
def smallest_epsilon(network, images, labels, most=32):  # the last that fools
    found = torch.full((len(images),), most + 1, device=images.device)
    for level in range(1, most + 1):
        wrong = answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) != labels
        found[wrong] = level
    return found
''', '''
def smallest_epsilon(network, images, labels, most=32):  # counts those that were never fooled as the most
    found = torch.full((len(images),), most, device=images.device)
    for level in range(most, 0, -1):
        wrong = answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) != labels
        found[wrong] = level
    return found
''', '''
def smallest_epsilon(network, images, labels, most=32):  # how many fool
    found = torch.ones(len(images), dtype=torch.int64, device=images.device)
    for level in range(1, most + 1):
        found += answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) == labels
    return found
''', '''
def smallest_epsilon(network, images, labels, most=32):  # in pixels, not in gray levels
    found = torch.full((len(images),), most + 1.0, device=images.device)
    for level in range(most, 0, -1):
        wrong = answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) != labels
        found[wrong] = level / 255
    return found
''']

SOLUTIONS["08", "mean_gradient"] = ['''
def mean_gradient(network, images, labels, samples=10):
    copies = images.repeat(samples, 1, 1, 1)
    return loss_gradient(network, copies, labels.repeat(samples)).view(samples, *images.shape).mean(0)
'''], ['''
def mean_gradient(network, images, labels, samples=10):  # one sample
    return loss_gradient(network, images, labels)
''', '''
def mean_gradient(network, images, labels, samples=10):  # the sum
    return sum(loss_gradient(network, images, labels) for _ in range(samples))
''', '''
def mean_gradient(network, images, labels, samples=10):  # one gradient, many times
    gradient = loss_gradient(network, images, labels)
    return torch.stack([gradient] * samples).mean(0)
''', '''
def mean_gradient(network, images, labels, samples=10):  # over the pictures
    return torch.stack([loss_gradient(network, images, labels) for _ in range(samples)]).mean((0, 1), keepdim=True)[0].expand_as(images)
''']

BY_HAND = """
def invert_by_hand(network, layer, image, weight, steps, lr=0.05):
    wanted = features(network, layer, image[None]).detach()
    x = torch.full_like(image[None], 0.5).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=lr)
    for _ in range(steps):
{}
    return x.detach()[0]
"""

AROUND = """
def dream_around(network, layer, image, mask, steps, lr=0.015):
    x = image.clone()
    for _ in range(steps):
        x.requires_grad_()
        g, = torch.autograd.grad(half_squared_norm(features(network, layer, x[None])), x)
{}
    return x
"""

SOLUTIONS["09", "invert_by_hand"] = ["""
def invert_by_hand(network, layer, image, weight, steps, lr=0.05):
    wanted = features(network, layer, image[None]).detach()
    found = torch.nn.Parameter(torch.full_like(image, 0.5))
    optimizer = torch.optim.Adam([found], lr)
    while steps:
        loss = feature_loss(features(network, layer, found[None]), wanted)[0] + weight * total_variation(found, 2.0)
        found.grad, = torch.autograd.grad(loss, found)
        optimizer.step()
        found.data.clamp_(0, 1)
        steps -= 1
    return found.detach()
"""], [BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum()  # no total variation
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)  # old gradients stay
        loss.backward(); optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)  # not clipped
        optimizer.zero_grad(); loss.backward(); optimizer.step()"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)  # clipped at the end only
        optimizer.zero_grad(); loss.backward(); optimizer.step()
    x = x.clamp(0, 1)"""), BY_HAND.format("""
        loss = weight * total_variation(x) - feature_loss(features(network, layer, x), wanted).sum()  # uphill
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x, 1.0)  # another exponent
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)""")]

SOLUTIONS["09", "octave_sizes"] = ["""
def octave_sizes(height, width, octaves, scale, least):
    found = [[height, width]]
    for k in range(1, octaves):
        smaller = [round(height * scale**-k), round(width * scale**-k)]
        if min(smaller) >= least:
            found.insert(0, smaller)
    return found
"""], ["""
def octave_sizes(height, width, octaves, scale, least):  # from large to small
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in range(octaves)]
    return sizes[:1] + [each for each in sizes[1:] if min(each) >= least]
""", """
def octave_sizes(height, width, octaves, scale, least):  # the first exponent is 1
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in range(octaves, 0, -1)]
    return [each for each in sizes if min(each) >= least]
""", """
def octave_sizes(height, width, octaves, scale, least):  # drops the picture itself
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes if min(each) >= least]
""", """
def octave_sizes(height, width, octaves, scale, least):  # the longer side
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if max(each) >= least] + sizes[-1:]
""", """
def octave_sizes(height, width, octaves, scale, least):  # looks at the height only
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if each[0] >= least] + sizes[-1:]
""", """
def octave_sizes(height, width, octaves, scale, least):  # leaves out the least one too
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if min(each) > least] + sizes[-1:]
""", """
def octave_sizes(height, width, octaves, scale, least):  # rounded down
    sizes = [(int(height / scale**k), int(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if min(each) >= least] + sizes[-1:]
"""]

SOLUTIONS["09", "dream_around"] = ["""
def dream_around(network, layer, image, mask, steps, lr=0.015):
    found, outside = image[None].clone(), (~mask).float()
    for _ in range(steps):
        found = found.detach().requires_grad_()
        a = features(network, layer, found)
        slope, = torch.autograd.grad(a, found, a.detach())
        slope = slope * outside
        found = torch.where(mask, found, (found + lr * slope / slope.pow(2).mean() ** 0.5).clamp(0, 1))
    return found.detach()[0]
"""], [AROUND.format("""
        g = g * mask  # inside
        x = (x.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)"""), AROUND.format("""
        x = (x.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)  # no mask"""), AROUND.format("""
        x = (x.detach() + lr * g / g.square().mean().sqrt() * ~mask).clamp(0, 1)  # measured before masking"""), AROUND.format("""
        g = g * ~mask
        x = (x.detach() - lr * g / g.square().mean().sqrt()).clamp(0, 1)  # downhill"""), AROUND.format("""
        g = g * ~mask
        x = (x.detach() + lr * g).clamp(0, 1)  # not scaled"""), AROUND.format("""
        g = g * ~mask
        x = x.detach() + lr * g / g.square().mean().sqrt()  # not clipped"""), AROUND.format("""
        begin = image.clone().requires_grad_()  # the start's gradient in every step
        g = torch.autograd.grad(half_squared_norm(features(network, layer, begin[None])), begin)[0] * ~mask
        x = (x.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)"""), AROUND.format("""
        g, = torch.autograd.grad(features(network, layer, x[None]).sum(), x)  # the sum of the activations
        g = g * ~mask
        x = (x.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)""")]

SOLUTIONS["10", "most_known"] = ["""
def most_known(known, window):
    reach, best, most = window // 2, None, -1
    for y, x in (~known).nonzero().tolist():
        count = known[max(0, y - reach):y + reach + 1, max(0, x - reach):x + reach + 1].sum().item()
        if count > most:
            best, most = (y, x), count
    return best
""", """
def most_known(known, window):  # of several the last
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, window, window), padding=window // 2)[0, 0]
    count[known] = -1
    return tuple((count == count.max()).nonzero()[-1].tolist())
"""], ["""
def most_known(known, window):  # the first unknown one
    return tuple((~known).nonzero()[0].tolist())
""", """
def most_known(known, window):  # known ones too
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, window, window), padding=window // 2)[0, 0]
    return divmod(count.argmax().item(), known.shape[1])
""", """
def most_known(known, window):  # the fewest
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, window, window), padding=window // 2)[0, 0]
    return divmod(count.masked_fill(known, 1e9).argmin().item(), known.shape[1])
""", """
def most_known(known, window):  # four neighbors
    cross = torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])[None, None]
    count = F.conv2d(known[None, None].float(), cross, padding=1)[0, 0]
    return divmod(count.masked_fill(known, -1).argmax().item(), known.shape[1])
""", """
def most_known(known, window):  # always three pixels wide
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, 3, 3), padding=1)[0, 0]
    return divmod(count.masked_fill(known, -1).argmax().item(), known.shape[1])
""", """
def most_known(known, window):  # rows and columns exchanged
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, window, window), padding=window // 2)[0, 0]
    row, column = divmod(count.masked_fill(known, -1).argmax().item(), known.shape[1])
    return column, row
"""]

SOLUTIONS["10", "gram_by_reshape"] = ["""
def gram_by_reshape(features):
    return torch.einsum("ahw,bhw->ab", features, features) / features[0].numel()
"""], ["""
def gram_by_reshape(features):  # the sum
    rows = features.flatten(1)
    return rows @ rows.T
""", """
def gram_by_reshape(features):  # the other product
    rows = features.flatten(1)
    return rows.T @ rows / rows.shape[1]
""", """
def gram_by_reshape(features):  # divided by the channels too
    rows = features.flatten(1)
    return rows @ rows.T / rows.numel()
""", """
def gram_by_reshape(features):  # a covariance
    rows = features.flatten(1)
    rows = rows - rows.mean(1, keepdim=True)
    return rows @ rows.T / rows.shape[1]
""", """
def gram_by_reshape(features):  # positions in rows
    rows = features.reshape(-1, features.shape[0])
    return rows.T @ rows / len(rows)
"""]

SOLUTIONS["10", "seam"] = ["""
def seam(image):
    steps = [image.roll(-1, d) - image for d in (1, 2)]
    across = torch.cat([steps[0][:, -1].flatten(), steps[1][:, :, -1].flatten()]).abs().mean()
    inside = torch.cat([steps[0][:, :-1].flatten(), steps[1][:, :, :-1].flatten()]).abs().mean()
    return float(across / inside)
"""], ["""
def seam(image):  # columns only
    return ((image[:, :, 0] - image[:, :, -1]).abs().mean() / image.diff(dim=2).abs().mean()).item()
""", """
def seam(image):  # not measured against the inside
    return ((image[:, :, 0] - image[:, :, -1]).abs().mean() + (image[:, 0] - image[:, -1]).abs().mean()).item()
""", """
def seam(image):  # sums
    across = (image[:, :, 0] - image[:, :, -1]).abs().sum() + (image[:, 0] - image[:, -1]).abs().sum()
    return (across / (image.diff(dim=2).abs().sum() + image.diff(dim=1).abs().sum())).item()
""", """
def seam(image):  # root mean squares
    across = torch.cat([(image[:, :, 0] - image[:, :, -1]).flatten(), (image[:, 0] - image[:, -1]).flatten()])
    inside = torch.cat([image.diff(dim=2).flatten(), image.diff(dim=1).flatten()])
    return (across.square().mean().sqrt() / inside.square().mean().sqrt()).item()
""", """
def seam(image):  # signs cancel
    across = (image[:, :, 0] - image[:, :, -1]).mean() + (image[:, 0] - image[:, -1]).mean()
    return (across / (image.diff(dim=2).mean() + image.diff(dim=1).mean())).item()
"""]

SOLUTIONS["11", "keep_colors"] = ["""
def keep_colors(painted, photo):  # add the difference in luminance to each channel
    light = TO_YIQ[0].view(3, 1, 1)
    return torch.clip(photo + ((painted - photo) * light).sum(0, keepdim=True), 0, 1)
"""], ["""
def keep_colors(painted, photo):  # the other way round
    light, color = (torch.einsum("ab,bhw->ahw", TO_YIQ, image) for image in (photo, painted))
    return torch.einsum("ab,bhw->ahw", TO_YIQ.inverse(), torch.cat([light[:1], color[1:]])).clamp(0, 1)
""", """
def keep_colors(painted, photo):  # stays in YIQ
    light, color = (torch.einsum("ab,bhw->ahw", TO_YIQ, image) for image in (painted, photo))
    return torch.cat([light[:1], color[1:]])
""", """
def keep_colors(painted, photo):  # not clipped
    light, color = (torch.einsum("ab,bhw->ahw", TO_YIQ, image) for image in (painted, photo))
    return torch.einsum("ab,bhw->ahw", TO_YIQ.inverse(), torch.cat([light[:1], color[1:]]))
""", """
def keep_colors(painted, photo):  # transposed
    light, color = (torch.einsum("ba,bhw->ahw", TO_YIQ, image) for image in (painted, photo))
    return torch.einsum("ba,bhw->ahw", TO_YIQ.inverse(), torch.cat([light[:1], color[1:]])).clamp(0, 1)
""", """
def keep_colors(painted, photo):  # the mean of the channels for luminance
    return (photo + painted.mean(0, keepdim=True) - photo.mean(0, keepdim=True)).clamp(0, 1)
"""]

SOLUTIONS["11", "normalize_instance"] = ["""
def normalize_instance(x, gamma, beta, epsilon=1e-5):
    rows = x.flatten(2)
    rows = rows - rows.mean(-1, keepdim=True)
    rows = rows * (rows.pow(2).mean(-1, keepdim=True) + epsilon) ** -0.5
    return (rows * gamma[None, :, None] + beta[None, :, None]).reshape(x.shape)
"""], ["""
def normalize_instance(x, gamma, beta, epsilon=1e-5):  # batch norm
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + epsilon).sqrt() + beta.view(-1, 1, 1)
""", """
def normalize_instance(x, gamma, beta, epsilon=1e-5):  # layer norm
    mean, variance = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), keepdim=True, correction=0)
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + epsilon).sqrt() + beta.view(-1, 1, 1)
""", """
def normalize_instance(x, gamma, beta, epsilon=1e-5):  # n - 1
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True)
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + epsilon).sqrt() + beta.view(-1, 1, 1)
""", """
def normalize_instance(x, gamma, beta, epsilon=1e-5):  # no root
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + epsilon) + beta.view(-1, 1, 1)
""", """
def normalize_instance(x, gamma, beta, epsilon=0):  # no epsilon
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
    return gamma.view(-1, 1, 1) * (x - mean) / variance.sqrt() + beta.view(-1, 1, 1)
""", """
def normalize_instance(x, gamma, beta, epsilon=1e-5):  # gamma and beta forgotten
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
    return (x - mean) / (variance + epsilon).sqrt()
"""]

SOLUTIONS["11", "gram_of_region"] = ["""
def gram_of_region(features, mask):
    return torch.einsum("hw,nahw,nbhw->nab", mask, features, features) / mask.sum()
"""], ["""
def gram_of_region(features, mask):  # divided by all positions
    rows = (features * mask.sqrt()).flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[-1]
""", """
def gram_of_region(features, mask):  # the mask squared
    rows = (features * mask).flatten(2)
    return rows @ rows.transpose(1, 2) / mask.sum()
""", """
def gram_of_region(features, mask):  # a hard mask only
    rows = features[..., mask > 0]
    return rows @ rows.transpose(1, 2) / rows.shape[-1]
""", """
def gram_of_region(features, mask):  # the whole picture
    rows = features.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[-1]
""", """
def gram_of_region(features, mask):  # the rest of the picture
    mask = 1 - mask
    rows = (features * mask.sqrt()).flatten(2)
    return rows @ rows.transpose(1, 2) / mask.sum().clamp(min=1)
"""]

CIN = """
class CIN(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(styles, channels)), nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, weights):
        {}
"""
SOLUTIONS["12", "CIN"] = [CIN.format("""
        if weights.dim() == 2:
            weights = weights[..., None, None].expand(-1, -1, *x.shape[-2:])
        weights = F.interpolate(weights, size=x.shape[-2:], mode="area").movedim(1, -1)
        mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
        return (weights @ self.gamma).movedim(-1, 1) * (x - mean) / (variance + 1e-5).sqrt() + (weights @ self.beta).movedim(-1, 1)
""")], [CIN.format("""
        weights = weights if weights.dim() == 2 else weights.mean((2, 3))  # no styles by place
        scale, shift = weights @ self.gamma, weights @ self.beta
        return scale[..., None, None] * F.instance_norm(x) + shift[..., None, None]
"""), CIN.format("""
        scale, shift = self.gamma[0], self.beta[0]  # always the first style
        return scale.view(-1, 1, 1) * F.instance_norm(x) + shift.view(-1, 1, 1)
"""), CIN.format("""
        weights = weights[..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(weights, x.shape[-2:])
        scale = torch.einsum("nshw,sc->nchw", weights, self.gamma)  # beta forgotten
        return scale * F.instance_norm(x)
"""), CIN.format("""
        weights = weights[:1, ..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(weights, x.shape[-2:])[:1]
        scale, shift = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))  # one for all pictures
        return scale * F.instance_norm(x) + shift
"""), CIN.format("""
        weights = weights[..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(weights, x.shape[-2:])
        scale, shift = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))
        mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)  # batch norm
        return scale * (x - mean) / (variance + 1e-5).sqrt() + shift
"""), CIN.format("""
        hard = F.one_hot(weights.argmax(1), weights.shape[1]).movedim(-1, 1).float()  # the strongest style only
        hard = hard[..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(hard, x.shape[-2:])
        scale, shift = (torch.einsum("nshw,sc->nchw", hard, table) for table in (self.gamma, self.beta))
        return scale * F.instance_norm(x) + shift
""")]

SOLUTIONS["12", "corner_weights"] = ["""
def corner_weights(x, y):
    return [a * b for b in (1 - y, y) for a in (1 - x, x)]
"""], ["""
def corner_weights(x, y):  # top right and bottom left exchanged
    return torch.tensor([(1 - x) * (1 - y), (1 - x) * y, x * (1 - y), x * y])
""", """
def corner_weights(x, y):  # upside down
    return torch.tensor([(1 - x) * y, x * y, (1 - x) * (1 - y), x * (1 - y)])
""", """
def corner_weights(x, y):  # means for products
    return torch.tensor([2 - x - y, 1 + x - y, 1 - x + y, x + y]) / 4
""", """
def corner_weights(x, y):  # by distance
    near = torch.tensor([1 / (1e-6 + ((x - a) ** 2 + (y - b) ** 2)) for b in (0, 1) for a in (0, 1)])
    return near / near.sum()
""", """
def corner_weights(x, y):  # the nearest corner
    return torch.eye(4)[(x > 0.5) + 2 * (y > 0.5)]
"""]

SOLUTIONS["12", "weights_by_mask"] = ["""
def weights_by_mask(mask, inside, outside, styles):
    numbers = torch.where(mask, inside, outside)
    return F.one_hot(numbers, styles).permute(2, 0, 1)[None].float()
"""], ["""
def weights_by_mask(mask, inside, outside, styles):  # exchanged
    weights = torch.zeros(1, styles, *mask.shape)
    weights[0, outside], weights[0, inside] = mask.float(), 1 - mask.float()
    return weights
""", """
def weights_by_mask(mask, inside, outside, styles):  # no background
    weights = torch.zeros(1, styles, *mask.shape)
    weights[0, inside] = mask.float()
    return weights
""", """
def weights_by_mask(mask, inside, outside, styles):  # nothing is left of one style on both sides
    weights = torch.zeros(1, styles, *mask.shape)
    weights[0, outside] = 1 - mask.float()
    weights[0, inside] = mask.float()
    return weights
""", """
def weights_by_mask(mask, inside, outside, styles):  # the background everywhere
    weights = torch.zeros(1, styles, *mask.shape)
    weights[0, outside] = 1.0
    weights[0, inside] = mask.float()
    return weights
""", """
def weights_by_mask(mask, inside, outside, styles):  # the number of a style as its weight
    return torch.where(mask, inside, outside)[None, None].expand(1, styles, -1, -1).float()
""", """
def weights_by_mask(mask, inside, outside, styles):  # no batch
    numbers = torch.where(mask, inside, outside)
    return F.one_hot(numbers, styles).permute(2, 0, 1).float()
"""]


@pytest.mark.parametrize("exercise, solution", [(exercise, right) for exercise, (rights, _) in SOLUTIONS.items() for right in rights])
def test_a_check_accepts_another_right_solution(scopes, exercise, solution):
    run(scopes, *exercise, solution)


@pytest.mark.parametrize("exercise", SOLUTIONS)
def test_a_check_accepts_the_notebooks_own_solution(scopes, exercise):
    number, function = exercise
    run(scopes, number, function, scopes[number][function])


@pytest.mark.parametrize("exercise, solution", [(exercise, wrong) for exercise, (_, wrongs) in SOLUTIONS.items() for wrong in wrongs])
def test_a_check_refuses_a_wrong_solution(scopes, exercise, solution):
    with pytest.raises(AssertionError):
        run(scopes, *exercise, solution)


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_every_exercise_is_tried(number):
    cells = ["".join(cell["source"]) for cell in load(NOTEBOOKS[number])["cells"]]
    asked = sum("### BEGIN SOLUTION" in cell for cell in cells)
    tried = [solutions for (notebook, _), solutions in SOLUTIONS.items() if notebook == number]
    assert len(tried) == asked and all(rights and len(wrongs) >= 3 for rights, wrongs in tried)
