"""Solutions of the exercises of notebook 07: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

ASCEND = """
plain, cat = load_network("plain", "course"), SUBJECTS.index("cat")
def ascend(network, target, image, steps, lr=0.02):
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad({score}, x)
        image = {after}.detach()
    return image
"""
STEP = dict(score="network(x)[0, target]", after="(x + lr * g / g.square().mean().sqrt()).clamp(0, 1)")
SOLUTIONS["ascend"] = ['''
def ascend(network, target, image, steps, lr=0.02):
    found = image.clone()
    while steps:
        found.requires_grad_(True)
        slope = torch.autograd.grad(network(found)[:, target].sum(), found)[0]
        found = torch.clamp(found.detach() + lr * slope / (slope ** 2).mean() ** 0.5, 0, 1)
        steps -= 1
    return found
''', '''
def ascend(network, target, image, steps, lr=0.02):
    x = image.clone().requires_grad_()
    for _ in range(steps):
        x.grad = None
        network(x)[0, target].backward()
        with torch.no_grad():
            x += lr * x.grad / x.grad.pow(2).mean().sqrt()
            x.clamp_(0, 1)
    return x
'''], [ASCEND.format(**(STEP | change)) for change in (
    dict(score="plain(x)[0, target]"), dict(score="network(x)[0, cat]"), dict(score="plain(x)[0, cat]"), dict(score="network(x).sum()"),
    dict(score="network(x).max()"), dict(score="network(x).softmax(1)[0, target]"), dict(score="network(x).log_softmax(1)[0, target]"),
    dict(score="-F.cross_entropy(network(x), torch.tensor([target]))"), dict(score="-network(x)[0, target]"),
    dict(after="(x - lr * g / g.square().mean().sqrt()).clamp(0, 1)"), dict(after="(x + lr * g).clamp(0, 1)"),
    dict(after="(x + lr * g.sign()).clamp(0, 1)"), dict(after="(x + lr * g / g.abs().mean()).clamp(0, 1)"),
    dict(after="(x + lr * g / g.norm()).clamp(0, 1)"), dict(after="(x + lr * g / g.abs().max()).clamp(0, 1)"),
    dict(after="(x + lr * g / g.square().mean((2, 3), keepdim=True).sqrt()).clamp(0, 1)"),
    dict(after="(x + lr * g / g.square().mean(1, keepdim=True).sqrt()).clamp(0, 1)"),
    dict(after="(x + lr * g / g.std()).clamp(0, 1)"), dict(after="(x + lr * g / g.square().mean()).clamp(0, 1)"),
    dict(after="(x + 0.02 * g / g.square().mean().sqrt()).clamp(0, 1)"), dict(after="x + lr * g / g.square().mean().sqrt()"),
    dict(after="(x + lr * g / g.square().mean().sqrt()).clamp(max=1)"), dict(after="(x + lr * g / g.square().mean().sqrt()).clamp(min=0)"),
    dict(after="x"))] + ['''
def ascend(network, target, image, steps, lr=0.02):  # the first gradient all the way
    x = image.detach().clone().requires_grad_()
    g, = torch.autograd.grad(network(x)[0, target], x)
    for _ in range(steps):
        image = (image + lr * g / g.square().mean().sqrt()).clamp(0, 1).detach()
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # the start is left with requires_grad
    for _ in range(steps):
        image.requires_grad_()
        g, = torch.autograd.grad(network(image)[0, target], image)
        image = (image.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # in place
    for _ in range(steps):
        image.requires_grad_()
        g, = torch.autograd.grad(network(image)[0, target], image)
        image.data = (image.data + lr * g / g.square().mean().sqrt()).clamp(0, 1)
    return image
''', '''
def ascend(network, target, image, steps, lr=0.02):  # always from the start
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x)[0, target], x)
        found = (x + lr * g / g.square().mean().sqrt()).clamp(0, 1).detach()
    return found
''', '''
def ascend(network, target, image, steps, lr=0.02):  # old gradients stay
    x = image.clone().requires_grad_()
    for _ in range(steps):
        network(x)[0, target].backward()
        with torch.no_grad():
            x += lr * x.grad / x.grad.pow(2).mean().sqrt()
            x.clamp_(0, 1)
    return x.detach()
''', '''
def ascend(network, target, image, steps, lr=0.02):  # clipped at the end only
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x)[0, target], x)
        image = (x + lr * g / g.square().mean().sqrt()).detach()
    return image.clamp(0, 1)
''', '''
def ascend(network, target, image, steps, lr=0.02):  # from gray
    image = torch.full_like(image, 0.5)
    for _ in range(steps):
        x = image.detach().clone().requires_grad_()
        g, = torch.autograd.grad(network(x)[0, target], x)
        image = (x + lr * g / g.square().mean().sqrt()).clamp(0, 1).detach()
    return image
''']

SOLUTIONS["total_variation"] = ['''
def total_variation(images):
    return images.diff(dim=2).pow(2).flatten(1).sum(1) + images.diff(dim=3).pow(2).flatten(1).sum(1)
''', '''
def total_variation(images):
    return torch.stack([(x[:, 1:] - x[:, :-1]).norm() ** 2 + (x[:, :, 1:] - x[:, :, :-1]).norm() ** 2 for x in images])
'''], ['''
def total_variation(images):  # one number for all
    return images.diff(dim=2).square().sum() + images.diff(dim=3).square().sum()
''', '''
def total_variation(images):  # to the right only
    return images.diff(dim=3).square().sum((1, 2, 3))
''', '''
def total_variation(images):  # below only
    return images.diff(dim=2).square().sum((1, 2, 3))
''', '''
def total_variation(images):  # absolute values
    return images.diff(dim=2).abs().sum((1, 2, 3)) + images.diff(dim=3).abs().sum((1, 2, 3))
''', '''
def total_variation(images):  # around the edge
    return sum((images - images.roll(1, d)).square().sum((1, 2, 3)) for d in (2, 3))
''', '''
def total_variation(images):  # the mean
    return images.diff(dim=2).square().mean((1, 2, 3)) + images.diff(dim=3).square().mean((1, 2, 3))
''', '''
def total_variation(images):  # the mean over the colors
    return images.diff(dim=2).square().mean(1).sum((1, 2)) + images.diff(dim=3).square().mean(1).sum((1, 2))
''', '''
def total_variation(images):  # of the gray picture, three times
    gray = images.mean(1, keepdim=True).expand_as(images)
    return gray.diff(dim=2).square().sum((1, 2, 3)) + gray.diff(dim=3).square().sum((1, 2, 3))
''', '''
def total_variation(images):  # a number, without a gradient
    return sum(images.diff(dim=d).square().sum().item() for d in (2, 3))
''', '''
def total_variation(images):  # numbers, without a gradient
    return torch.tensor([sum(image.diff(dim=d).square().sum().item() for d in (1, 2)) for image in images])
''', '''
@torch.no_grad()
def total_variation(images):  # no gradient
    return sum(images.diff(dim=d).square().sum((1, 2, 3)) for d in (2, 3))
''', '''
def total_variation(images):  # between channels, too
    return sum(images.diff(dim=d).square().sum((1, 2, 3)) for d in (1, 2, 3))
''', '''
def total_variation(images):  # the first channel three times
    return 3 * sum(images[:, :1].diff(dim=d).square().sum((1, 2, 3)) for d in (2, 3))
''', '''
def total_variation(images):  # without the last row and the last column
    right, below = images[..., :-1, 1:] - images[..., :-1, :-1], images[..., 1:, :-1] - images[..., :-1, :-1]
    return (right.square() + below.square()).sum((1, 2, 3))
''', '''
def total_variation(images):  # the diagonal neighbor
    return (images[..., 1:, 1:] - images[..., :-1, :-1]).square().sum((1, 2, 3))
''']

BOOTSTRAP = """
def bootstrap_difference(first, second, rounds=2000, seed=0):
    generator = torch.Generator().manual_seed({seed})
    draws = torch.randint({limit}, ({rounds}, {cases}), generator=generator)
    means = ({difference})[draws].{mean}(dim=1)
    return {found}
"""
DRAWN = dict(seed="seed", limit="len(first)", rounds="rounds", cases="len(first)", difference="first - second", mean="mean",
             found="tuple(means.quantile(torch.tensor([0.025, 0.975])).tolist())")
SOLUTIONS["bootstrap_difference"] = ['''
def bootstrap_difference(first, second, rounds=2000, seed=0):
    generator = torch.Generator().manual_seed(seed + 1)
    found = []
    for _ in range(rounds):
        some = torch.randint(len(first), (len(first),), generator=generator)
        found.append((first[some].mean() - second[some].mean()).item())
    found = sorted(found)
    return found[round(0.025 * rounds)], found[round(0.975 * rounds) - 1]
''', '''
import numpy as np
def bootstrap_difference(first, second, rounds=2000, seed=0):
    chance, differences = np.random.default_rng(seed), (first - second).numpy()
    return np.percentile(chance.choice(differences, (rounds, len(differences))).mean(1), [2.5, 97.5]).tolist()
'''], [BOOTSTRAP.format(**(DRAWN | change)) for change in (
    dict(found="tuple(means.quantile(torch.tensor([0.05, 0.95])).tolist())"), dict(found="tuple(means.quantile(torch.tensor([0.025, 0.95])).tolist())"),
    dict(found="tuple(means.quantile(torch.tensor([0.005, 0.995])).tolist())"), dict(found="tuple(means.quantile(torch.tensor([0.975, 0.025])).tolist())"),
    dict(found="(means.mean() - 1.96 * means.std(), means.mean() + 1.96 * means.std())"), dict(found="(means.min(), means.max())"),
    dict(found="means.mean().item()"), dict(limit="len(first) - 1"), dict(limit="1, len(first)"), dict(cases="len(first) // 2"), dict(cases="1"),
    dict(rounds="2000"), dict(seed="0"), dict(difference="second - first"), dict(difference="first"), dict(mean="sum"),
    dict(difference="(first - second).abs()"))] + ['''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # normal theory
    difference = first - second
    error = 1.96 * difference.std() / len(first) ** 0.5
    return (difference.mean() - error).item(), (difference.mean() + error).item()
''', '''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # no seed
    draws = torch.randint(len(first), (rounds, len(first)))
    return tuple((first - second)[draws].mean(1).quantile(torch.tensor([0.025, 0.975])).tolist())
''', '''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # the two drawn apart
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.randint(len(first), (rounds, len(first)), generator=generator) for _ in range(2))
    return tuple((first[a].mean(1) - second[b].mean(1)).quantile(torch.tensor([0.025, 0.975])).tolist())
''', '''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # the spread of single pictures
    return tuple((first - second).quantile(torch.tensor([0.025, 0.975])).tolist())
''', '''
def bootstrap_difference(first, second, rounds=2000, seed=0):  # without putting back
    generator = torch.Generator().manual_seed(seed)
    some = torch.stack([torch.randperm(len(first), generator=generator) for _ in range(rounds)])
    return tuple((first - second)[some].mean(1).quantile(torch.tensor([0.025, 0.975])).tolist())
''']
