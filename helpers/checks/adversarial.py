"""The checks of notebook 08."""

import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks.base import exercise, same_picture


class Window(nn.Module):
    """A toy that reads how many gray levels red stands above the middle between it and green, at the first pixel. Its
    answer is 1 where that is one of `wrong_at`, else 0, and its slope raises red and lowers green up to `turn`, the
    other way from there on."""

    def __init__(self, wrong_at, turn=float("inf")):
        super().__init__()
        self.turn, self.wrong_at = turn, torch.tensor(wrong_at)

    def forward(self, x):
        level = 255 * (x[:, 0, 0, 0] - x[:, 1, 0, 0]) / 2
        wrong = ((level[:, None] - self.wrong_at).abs().amin(1) < 0.2).float()
        rise = 1e-3 * (level - level.detach()) * torch.where(level < self.turn, 1, -1)
        return torch.stack([1 - wrong - rise, wrong + rise], 1)


def dots(levels):
    """Pictures [n, 3, 2, 2] that stand at the given levels, as `Window` reads them."""
    up = torch.tensor([1.0, -1.0, 0.0]).view(3, 1, 1)
    return (100 + torch.tensor(levels).view(-1, 1, 1, 1) * up).expand(-1, 3, 2, 2) / 255


@exercise("08", 1)
def smallest_epsilon(solution):
    """The least of 1, 2, … `most` gray levels at which FGSM, rounded to 8 bits, makes each answer wrong."""
    def asked(levels, wrong_at, most=12, turn=float("inf")):
        found = solution(Window(wrong_at, turn), dots(levels), torch.zeros(len(levels), dtype=torch.long), most=most)
        assert getattr(found, "shape", None) == (len(levels),), (
            f"The result should be a tensor with one number for each picture, here of shape [{len(levels)}].")
        return found.tolist()

    assert asked([-20.0], [127.5]) != [1], (
        "With 12 gray levels a value can move by 12/255, but a picture was driven to pure red: one gray level is "
        "1/255.")
    found = asked([-float(k) for k in range(1, 15)] + [3.0], [0])
    odd = [value for value in found if value > 13 or value != int(value)]
    assert not odd, (
        f"With most = 12, the answers are whole numbers from 1 to 13, and {odd[0]:.3g} was found: count in gray "
        "levels, and give most + 1 to those that are never turned.")
    assert found[14] != 3 or found[0] != 13, "No picture is turned but one that should not be: FGSM goes *up* the loss."
    assert min(found) < 13, (
        "No picture was turned. In each of these the loss rises with red and falls with green: add ε times the *sign* "
        "of the gradient, which is −1 for green.")
    assert found[12:] == [13, 13, 13], (
        "Three pictures of fifteen are not turned by any ε up to 12/255, and should give most + 1 = 13, not "
        f"{found[12]:g}, {found[13]:g} and {found[14]:g}.")
    (further,) = asked([-3.0], [*range(10)], turn=-1.5)
    assert further not in (2, 13), (
        f"A picture that FGSM turns with ε = 3/255 and more should give 3, not {further:g}: each ε is one single step "
        "from the picture itself. Don't step on from the last one.")
    assert found[11] == 12 or found[:11] != [*range(1, 12)], (
        f"A picture that is turned by ε = 12/255 alone should give 12, not {found[11]:g}: ask `most` itself, too.")
    for level, value in enumerate(found[:12], start=1):
        assert value == level, (
            f"A picture that is turned by ε = {level}/255, and by no other, should give {level}, not {value:g}: a "
            "larger ε may fail, so ask every number of levels, for each picture by itself.")

    (found,) = asked([-5.0], [0, 1, 2, 3])
    assert found == 5, (
        f"A picture that is turned by 5, 6, 7 and 8 levels should give 5, the smallest, not {found:g}.")
    (found,) = asked([-4.4], [0])
    assert found == 4, (
        "The values of this picture lie between gray levels, at 95.6 and 104.4. With 4 levels added it rounds to "
        f"100 and 100, which turns the answer, but {found:g} was found: round to 8 bits before you ask the network.")
    (found,) = asked([-15.49], [1], most=20)
    assert found == 16, (
        "The values of this picture lie between gray levels. FGSM with ε = 16/255, rounded, turns it, but "
        f"{found:g} was found: one gray level is 1/255, since black is 0 and white is 255.")
    found = asked([0.0, 0.0], [0, 3])
    assert found[0] != 0, "The numbers of levels begin at 1: how the picture is named without an attack does not count."
    assert found[0] != 1, (
        "A picture that is named wrong without an attack, and right with 1 and 2 levels, should give 3, not 1: "
        "compare the answer with the label, not with the first answer.")
    assert found == [3, 3], (
        "A picture that is named wrong without an attack, right with 1 and 2 levels, and wrong with 3 should give 3, "
        f"not {found[0]:g}: what the network says without an attack does not count.")
    (found,) = asked([0.0], [0, 1])
    assert found == 1, f"A picture that is named wrong anyway, with 1 level too, should give 1, not {found:g}."


class Watched(nn.Module):
    """A small network for pictures [n, 3, 28, 36] that keeps every one that it is asked about. It does not look at the
    last rows and columns."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.body = nn.Sequential(
                nn.Conv2d(3, 8, 5, stride=4), nn.Tanh(), nn.Flatten(), nn.Linear(384, 10)).requires_grad_(False)
        self.body[0].weight.mul_(3)
        self.body[3].weight.mul_(6)
        self.seen = []

    def forward(self, x):
        self.seen += x.detach().unbind()
        return self.body(x)

    def away(self, images):
        """How far what was seen lies from the nearest of pictures [n, 3, H, W]: [seen]."""
        return torch.cdist(torch.stack(self.seen).flatten(1), images.flatten(1)).amin(1)


def uphill(network, images, labels):
    """The gradient of each picture's loss."""
    x = images.detach().clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(network(x), labels, reduction="sum"), x)[0]


def along(changes, ways):
    """The least cosine between changes and ways [n, 3, H, W]."""
    return F.cosine_similarity(changes.flatten(1), ways.flatten(1)).min()


def first_and_some(images, stepped, pixels):
    """Of each picture [n, 3, H, W], those `pixels` pixels of `stepped` that differ most from it, else itself."""
    change = stepped - images
    size = change.abs().sum(1, keepdim=True)
    least = size.flatten(1).sort(1, descending=True).values[:, pixels - 1]
    return torch.where(size >= least.view(-1, 1, 1, 1), stepped, images)


def changed_pixels(found, images):
    """How many pixels of each picture differ: [n]."""
    return ((found - images).abs().amax(1) > 1e-6).flatten(1).sum(1)


@exercise("08", 2)
def few_pixels(solution):
    """Steps up each picture's loss, after each of which all pixels but those that changed most are set back."""
    generator = torch.Generator().manual_seed(1)
    images, labels = 0.3 + 0.4 * torch.rand(3, 3, 28, 36, generator=generator), torch.tensor([2, 7, 5])
    network, every = Watched(), 28 * 36
    once = solution(network, images, labels, every, 0.2, 1)
    assert once.shape == images.shape, f"{list(images.shape)} was handed in, and {list(once.shape)} came back."
    assert network.seen, "The network that was handed in was never asked: use the argument `network`."
    assert network.away(images)[0] < 1e-4, (
        f"The first gradient was taken {network.away(images)[0]:.2f} away from the picture: start at the picture "
        "itself.")
    change, g = once - images, uphill(network.body, images, labels)
    count, sloped = changed_pixels(once, images).min(), (g != 0).any(1).flatten(1).sum(1).min()
    assert count > 0.95 * sloped, (
        f"With {every} pixels allowed, all of them, one step changed {count} of the {sloped} that have a slope: up to "
        "`pixels` pixels should be as the step left them, each a place with its three colors.")
    causes = {" It goes down: add the gradient of the label's loss.": -g,
              " It goes along the gradient's *sign*: take the gradient itself.": g.sign(),
              " It is scaled at each pixel by itself: the largest value is that of the whole picture.": (
                  g / g.abs().amax(1, keepdim=True).clamp(min=1e-12)),
              " It is scaled in each color by itself: the largest value is that of the whole picture.": (
                  g / g.abs().amax((2, 3), keepdim=True)),
              " It is as long as with a step of 1: use the argument `step`.": (
                  (images + g / g.abs().amax((1, 2, 3), keepdim=True)).clamp(0, 1) - images),
              " It leads away from the network's own answer, not from the label.":
                  uphill(network.body, images, network.body(images).argmax(1))}
    assert along(change, g) > 0.999, (
        f"With {every} pixels allowed, all of them, one step should go up the slope of the loss, and does not." + next(
            (text for text, way in causes.items() if along(change, way) > 0.999), ""))
    most = change.abs().amax((1, 2, 3))
    said = ", ".join(f"{value:.3f}" for value in most)
    assert abs(most.max() - 0.2) > 1e-3 or most.max() - most.min() < 1e-3, (
        f"In one step of 0.2, the values that changed most in each picture moved by {said}: scale each gradient by the "
        "largest value of its *own* picture.")
    assert (most - 0.2).abs().max() < 1e-3, (
        f"In one step of 0.2, the value that changed most in each picture should move by 0.2, and moved by {said}: "
        "divide each gradient by its largest absolute value, and multiply by `step`.")

    some = solution(network, images, labels, 20, 0.2, 1)
    count = changed_pixels(some, images)
    said = ", ".join(map(str, count.tolist()))
    assert count.sum() > 20 or count.max() == 0, (
        f"With 20 pixels allowed, {said} pixels of three pictures were changed: these are 20 for *each* picture.")
    assert count.max() <= 20, (
        f"With 20 pixels allowed, one step changed {said} pixels of three pictures: set all others back to the first "
        "picture. A pixel is a place, with its three colors.")
    assert count.min() == 20, (
        f"With 20 pixels allowed, one step changed only {said} pixels of three pictures: count places, not single "
        "values of a color, and choose for each picture by itself.")
    there = (some - images).abs().amax(1) > 1e-6
    kept = there[:, None].expand_as(images)
    assert torch.allclose(some[kept], once[kept], atol=1e-5), (
        "A pixel that is kept should be as the step left it, in all three colors, and it is not.")
    expected = first_and_some(images, once, 20)
    assert (there == ((expected - images).abs().amax(1) > 1e-6)).all(), (
        "20 pixels were kept, but not those that changed most. Add up the *absolute* changes of a pixel's three "
        "colors: up and down count alike.")

    network.seen.clear()
    far = solution(network, images, labels, 20, 0.8, 6)
    count = changed_pixels(far, images).max()
    assert count <= 20, (
        f"After six steps {count} pixels of a picture differ from the first one, where 20 are allowed: measure each "
        "pixel's change from the *first* picture, and give the others their first colors back.")
    asked = max(changed_pixels(seen.expand_as(images), images).min() for seen in network.seen)
    assert asked <= 20, (
        f"The network was asked about a picture of which {asked} pixels were changed: choose after *each* step, not "
        "only at the end.")
    ends = torch.ones_like(images)
    network.seen.clear()
    for first in (ends, 0 * ends):
        found = solution(network, first, labels, 20, 3.0, 2)
        assert 0 <= found.min() and found.max() <= 1, (
            f"A value became {found.min() if found.min() < 0 else found.max():.2f}: clip to [0, 1].")
        assert (changed_pixels(solution(network, first, labels, 20, 0.5, 1), first) == 20).all(), (
            "In a white or black picture, pixels were chosen that can't get any lighter or darker: clip before you "
            "measure how much a pixel has changed.")
    seen = torch.stack(network.seen)
    assert seen.min() >= 0 and seen.max() <= 1, (
        "The network was asked about values outside of [0, 1]: clip in *each* step.")

    x = images
    for _ in range(6):
        g = uphill(network.body, x, labels)
        x = first_and_some(images, (x + 0.8 * g / g.abs().amax((1, 2, 3), keepdim=True)).clamp(0, 1), 20)
    for yours, right in zip(far, x):
        same_picture(yours, right, (
            "After six steps the picture is another than it should be. In each step take the gradient anew, where the "
            "picture is now, go on from there, and choose anew: those pixels that lie farthest from their first "
            "colors."), tolerance=1e-3)


class Moody(nn.Module):
    """A toy in a good or a bad mood, by chance, anew for each picture at each look. Of a gray picture, class 1 stands 2
    above class 0 in the one, and 6 below it in the other; it rises with every value. `shown` counts pictures."""
    shown = 0

    def forward(self, x):
        self.shown += len(x)
        rise = (x - 0.5).sum((1, 2, 3)) + torch.where(torch.rand(len(x)) < 0.5, 2, -6)
        return torch.stack([torch.zeros_like(rise), rise], 1)


@exercise("08", 3)
def mean_gradient(solution):
    """The gradient of the loss, averaged over a number of looks of a network that takes chances."""
    network, gray, labels = Moody(), torch.full((2, 3, 2, 2), 0.5), torch.tensor([0, 1])
    found = solution(network, gray, labels, samples=500)
    assert found.shape == gray.shape, (
        f"The gradient has the pictures' own shape, {list(gray.shape)}, not {list(found.shape)}: average over the "
        "looks alone.")
    assert network.shown == 1000, (
        f"500 looks at two pictures are 1000, and the network was shown {network.shown}: ask it anew in each of "
        "`samples` looks, and no more often.")
    first, second = found.mean((1, 2, 3)).tolist()
    up, down = torch.sigmoid(torch.tensor([2.0, -6.0])).tolist()
    expected, of_mean = (up + down) / 2, torch.sigmoid(torch.tensor(-2.0)).item()
    told = (f"In one mood the slope of the first picture's loss is {up:.2f}, in the other {down:.2f}, so the mean "
            f"should be about {expected:.2f}, and is {first:.2f}")
    assert first != 0, told + ": take the gradient of the loss, not of a logit."
    assert abs(first - of_mean) > 0.06, told + (
        ": average the gradients of the looks. That of *one* loss, of averaged logits or probabilities, is another.")
    assert abs(first) < 2, told + ": divide the sum by the number of looks."
    assert min(abs(first - up), abs(first - down)) > 0.03, (
        told + ", as in one of the moods: take the *mean* of all looks.")
    assert (found[0] - found[1]).abs().max() > 1e-6, (
        "Two pictures with different labels got the same gradient: average over the looks, not over the pictures.")
    assert abs(first - expected / 2) > 0.06, told + ": half of it, for two pictures. Sum the loss over the pictures."
    assert abs(first - expected) < 0.1, (
        told + ": sum the gradients of all looks as they are, and divide by their number.")
    assert abs(second - expected + 1) < 0.1, (
        f"The second picture has the other label: its slope should be about {expected - 1:.2f}, and is {second:.2f}.")
    network.shown = 0
    solution(network, gray, labels)
    assert network.shown == 20, (
        "Without `samples` there should be ten looks at each of two pictures, and the network was shown "
        f"{network.shown}.")
