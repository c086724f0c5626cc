"""Train a generator against a discriminator (Dosovitskiy & Brox, NeurIPS 2016; Goodfellow et al., NeurIPS 2014)."""

import torch
import torch.nn.functional as F
from torch import nn

from helpers.hooks import activations
from helpers.style import with_average_pooling

PIXELS, FEATURES, ADVERSARY = 10.0, 1.0, 0.2  # weights of the three losses
LAYERS = ("conv2", "conv3")  # deeper ones leave a grid in the pictures, as wide as their pooling
REACH = 4  # pixels by which the activations' pictures are shifted, for the same reason


class Discriminator(nn.Module):
    """Pictures [n, 3, 128, 128] and their codes [n, 512] -> logits [n, 1, 8, 8]: is this patch of the picture
    a photo's?"""

    def __init__(self, code=512, widths=(32, 64, 128, 128)):
        super().__init__()
        layers = []
        for inputs, outputs in zip((3, *widths), widths):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.look = nn.Sequential(*layers[:-1])
        self.read = nn.Linear(code, widths[-1])
        self.judge = nn.Sequential(
            nn.LeakyReLU(0.2), nn.Conv2d(widths[-1], 64, 1), nn.LeakyReLU(0.2), nn.Conv2d(64, 1, 1))

    def forward(self, images, code):
        return self.judge(self.look(images * 2 - 1) + self.read(code)[..., None, None])


class Contest(nn.Module):
    """A generator and its discriminator; called with pictures, it answers with the sum of their losses (their labels
    are not looked at).

    The generator is to give each picture back from its code: in pixels, in the activations of the network behind the
    code, and so that the discriminator takes it for a photo. The discriminator is to tell them apart. Each side's loss
    has gradients for its own weights alone, so one backward pass serves both.
    """

    betas = (0.5, 0.99)

    def __init__(self, generator):
        super().__init__()
        self.generator, self.discriminator = generator, Discriminator()
        self.eyes = with_average_pooling(generator.network)

    @property
    def product(self):
        """What is kept of it all."""
        return self.generator

    def forward(self, images, labels):
        network = self.generator.network
        with torch.no_grad():
            code = network.features(images)
        drawn = self.generator(code)
        quarters, *shift = torch.randint(-REACH, REACH + 1, (3,)).tolist()
        turned = torch.cat([images, drawn]).rot90(quarters, (2, 3)).roll(shift, (2, 3))
        with activations(self.eyes, LAYERS, stop=True) as seen:
            self.eyes(turned)
        apart = [_relative(found, true) for true, found in (seen[layer].chunk(2) for layer in LAYERS)]
        apart.append(_relative(network.features(drawn), code))
        features = sum(apart) / len(apart)
        fixed = {name: weight.detach() for name, weight in self.discriminator.named_parameters()}
        taken = torch.func.functional_call(self.discriminator, fixed, (drawn, code))
        real, fake = self.discriminator(images, code), self.discriminator(drawn.detach(), code)
        contest = F.softplus(-real.float()).mean() + F.softplus(fake.float()).mean()
        deceit = F.softplus(-taken.float()).mean()
        return PIXELS * F.mse_loss(drawn.float(), images) + FEATURES * features + ADVERSARY * deceit + contest


def _relative(found, true):
    """The squared error, where 1 is that of answering zero."""
    return F.mse_loss(found.float(), true.float()) / true.float().square().mean()
