"""Every exercise's check beside wrong solutions, the likeliest first, which it must refuse, and right ones written differently.

A check runs on what its notebook defines and on little made data, not after the whole notebook.
"""

import pytest
import torch

from helpers import load_network
from helpers.collage import SUBJECTS
from helpers.heads import load_head
from tests.notebooks import definitions, load

NOTEBOOKS = {"07": "07_gradient_ascent", "08": "08_adversarial_examples"}


def check_of(name, function):
    """The source of the first check cell below the exercise that asks for `function`."""
    cells = ["".join(cell["source"]) for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    (exercise,) = [i for i, cell in enumerate(cells) if f"def {function}(" in cell and "### BEGIN SOLUTION" in cell]
    return cells[exercise + 1]


@pytest.fixture(scope="module")
def scopes():
    plain = load_network("plain", "course")
    made = {number: definitions(name) for number, name in NOTEBOOKS.items()}
    generator = load_head("generator")
    codes = generator.normalize.running_mean * torch.rand(2, 512, generator=torch.Generator().manual_seed(0)) * 2
    made["07"] |= {"plain": plain, "cat": SUBJECTS.index("cat"), "generator": generator, "codes": codes}
    made["08"] |= {"plain": plain}
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
