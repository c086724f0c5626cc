"""Train a stylization network (Johnson, Alahi & Fei-Fei, ECCV 2016; Dumoulin, Shlens & Kudlur, ICLR 2017)."""

import torch
import torch.nn.functional as F
from torch import nn

from helpers.collage import SUBJECTS, scenes
from helpers.networks import load_network
from helpers.paintings import style_picture
from helpers.style import PAINTED, PerceptualLoss, stylizer, total_variation, with_average_pooling

CONTENT, SMOOTH = 0.7, 1.0  # weights of the content loss and of the total variation per value
JITTER = 8  # pixels; or the painter learns where the loss network pools, and leaves a grid there
UNSEEN = ("cat", "motorcycle", "pagoda")  # subjects that no stylization network ever saw
SEEN = tuple(name for name in SUBJECTS if name not in UNSEEN)


class Stylization(nn.Module):
    """A stylization network and what it is taught: called with pictures [n, 3, h, w] and the indices of their styles [n],
    it answers with the loss."""

    betas = (0.9, 0.99)

    def __init__(self, name):
        super().__init__()
        styles = PAINTED if name == "many" else [name]
        self.painter, self.many = stylizer(name), len(styles) if name == "many" else 0
        teacher = with_average_pooling(load_network("robust", "course"))
        self.loss = PerceptualLoss(teacher, torch.stack([style_picture(style) for style in styles]))

    def train(self, mode=True):
        super().train(mode)
        self.loss.eval()
        return self

    @property
    def product(self):
        """What is kept of it all."""
        return self.painter

    def paint(self, images, style):
        return self.painter(images, *([F.one_hot(style, self.many).float()] if self.many else []))

    def parts(self, images, style):
        """The content loss [n] and the style loss [n] of what the network paints, and the paintings."""
        painted = self.paint(images, style).float()
        if self.training:
            top, left = torch.randint(JITTER, (2,)).tolist()
            images, painted = (each[..., top : top + each.shape[-2] - JITTER, left : left + each.shape[-1] - JITTER] for each in (images, painted))
        return *self.loss(painted, self.loss.content(images), style), painted

    def forward(self, images, style):
        content, styled, painted = self.parts(images, style)
        return CONTENT * content.mean() + styled.mean() + SMOOTH * total_variation(painted) / painted.numel()


def contents(n, seed, start, size=128):
    """Pictures to be painted [n, 3, size, size]: scenes in natural colors of the subjects `SEEN`, many of them crops of the
    photos; of every second one a quarter, as a network sees a larger picture."""
    half = n // 2
    whole = scenes(n - half, seed, size, SEEN, start * (n - half), natural=True, photos=0.5).images
    if not half:
        return whole
    large = scenes(half, seed + 2**20, 2 * size, SEEN, start * half, natural=True, photos=0.5).images
    places = torch.randint(0, size + 1, (half, 2), generator=torch.Generator().manual_seed(start)).tolist()
    return torch.cat([whole, *(large[i : i + 1, :, y : y + size, x : x + size] for i, (y, x) in enumerate(places))])
