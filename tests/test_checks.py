"""Every exercise's check beside wrong solutions, the likeliest first, which it must refuse, and right ones written differently.

A check runs on what its notebook defines and on little made data, not after the whole notebook.
"""

import pytest
import torch
from skimage.color.colorconv import yiq_from_rgb

from helpers import load_network, photo
from helpers.collage import SUBJECTS
from helpers.heads import load_head
from tests.notebooks import definitions, load

NOTEBOOKS = {"07": "07_gradient_ascent", "08": "08_adversarial_examples", "09": "09_inversion_and_deepdream",
             "10": "10_texture_synthesis", "11": "11_neural_style_transfer", "12": "12_one_network_many_styles"}


def check_of(name, function):
    """The source of the first check cell below the exercise that asks for `function`."""
    cells = ["".join(cell["source"]) for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    (exercise,) = [i for i, cell in enumerate(cells) if (f"def {function}(" in cell or f"class {function}(" in cell) and "### BEGIN SOLUTION" in cell]
    return cells[exercise + 1]


@pytest.fixture(scope="module")
def scopes():
    plain = load_network("plain", "course")
    made = {number: definitions(name) for number, name in NOTEBOOKS.items()}
    generator = load_head("generator")
    codes = generator.normalize.running_mean * torch.rand(2, 512, generator=torch.Generator().manual_seed(0)) * 2
    made["07"] |= {"plain": plain, "cat": SUBJECTS.index("cat"), "generator": generator, "codes": codes}
    made["08"] |= {"plain": plain}
    made["09"] |= {"robust": load_network("robust", "course"), "photos": photo("cat", 112)[None], "pagoda": photo("pagoda", 128)[None]}
    made["11"] |= {"TO_YIQ": torch.tensor(yiq_from_rgb).float()}
    made["12"] |= {"gamma": torch.randn(3, 4, generator=torch.Generator().manual_seed(1)),
                   "beta": torch.randn(3, 4, generator=torch.Generator().manual_seed(2))}
    return made


def run(scopes, number, function, solution):
    scope = dict(scopes[number])
    exec(solution, scope) if isinstance(solution, str) else scope.update({function: solution})
    exec(check_of(NOTEBOOKS[number], function), scope)


SOLUTIONS = {}  # (notebook, function) -> (right ones, wrong ones), each the source of the function

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

SOLUTIONS["07", "walk"] = ['''
@torch.no_grad()
def walk(generator, first, last, n):
    return torch.cat([generator(torch.lerp(first, last, i / (n - 1))[None]) for i in range(n)])
'''], ['''
@torch.no_grad()
def walk(generator, first, last, n):  # mixes the pictures
    a, b = generator(torch.stack([first, last]))
    return torch.stack([torch.lerp(a, b, i / (n - 1)) for i in range(n)])
''', '''
@torch.no_grad()
def walk(generator, first, last, n):  # does not arrive
    return generator(torch.stack([torch.lerp(first, last, i / n) for i in range(n)]))
''', '''
@torch.no_grad()
def walk(generator, first, last, n):  # backward
    return generator(torch.stack([torch.lerp(last, first, i / (n - 1)) for i in range(n)]))
''', '''
def walk(generator, first, last, n):  # codes, not pictures
    return torch.stack([torch.lerp(first, last, i / (n - 1)) for i in range(n)])
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
    dict(result="(images + change.clamp(-epsilon, epsilon)).clamp(0, 1)"))]

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
    tried = [wrongs for (notebook, _), (_, wrongs) in SOLUTIONS.items() if notebook == number]
    assert len(tried) == asked and all(len(wrongs) >= 3 for wrongs in tried)
