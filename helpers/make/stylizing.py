"""Train a stylization network (Johnson, Alahi & Fei-Fei, ECCV 2016; Dumoulin, Shlens & Kudlur, ICLR 2017)."""

import torch
import torch.nn.functional as F
from torch import nn

from helpers.collage import SUBJECTS, scenes
from helpers.networks import load_network
from helpers.paintings import style_picture
from helpers.style import CONTENT_WEIGHT, PAINTED, STRANGE, PerceptualLoss, loss_network, palette, strange_colors
from helpers.style import stylizer, total_variation

COARSE = 0.5  # weight of the style loss at half the size
SMOOTH = 1.0  # weight of the total variation per value
SHIFT = 8  # pixels that the loss may not see at an edge, so that its pooling meets other pixels at each step
UNSEEN = ("cat", "motorcycle", "pagoda")  # subjects that no stylization network ever saw
SEEN = tuple(name for name in SUBJECTS if name not in UNSEEN)


class Stylization(nn.Module):
    """A stylization network and what it is taught: called with pictures [n, 3, h, w] and the indices of their styles
    [n], it answers with the loss."""

    betas = (0.9, 0.99)

    def __init__(self, name, content_weight=CONTENT_WEIGHT):
        super().__init__()
        self.content_weight = content_weight
        self.styles = PAINTED if name == "many" else (name.partition("_")[0],)
        self.painter, self.many = stylizer(name), name == "many"
        teacher = loss_network(load_network("robust", "course"))
        pictures = torch.stack([style_picture(style) for style in self.styles])
        self.loss = PerceptualLoss(teacher, pictures)
        self.coarse = PerceptualLoss(teacher, F.avg_pool2d(pictures, 2))
        mean, precision = palette(pictures)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("precision", precision, persistent=False)

    def train(self, mode=True):
        super().train(mode)
        self.loss.eval()
        return self

    @property
    def product(self):
        """What is kept of it all."""
        return self.painter

    def paint(self, images, style):
        return self.painter(images, *([F.one_hot(style, len(self.styles)).float()] if self.many else []))

    def parts(self, images, style):
        """The content loss [n] and the style loss [n] of what the network paints, the style loss of its half size [n],
        and the paintings."""
        seen = painted = self.paint(images, style).float()
        if self.training:
            top, left = torch.randint(SHIFT, (2,)).tolist()
            images, seen = (each[..., top : top - SHIFT, left : left - SHIFT] for each in (images, painted))
        content, styled = self.loss(seen, self.loss.content(images), style)
        return content, styled, self.coarse.style(self.coarse.look(F.avg_pool2d(seen, 2)), style), painted

    def forward(self, images, style):
        content, styled, coarse, painted = self.parts(images, style)
        strange = strange_colors(painted, (self.mean[style], self.precision[style]))
        loss = self.content_weight * content + styled + COARSE * coarse + STRANGE * strange
        return loss.mean() + SMOOTH * total_variation(painted) / painted.numel()


def contents(n, seed, start, size=128):
    """Pictures to be painted [n, 3, size, size]: scenes in natural colors of the subjects `SEEN`, many of them crops of
    the photos; of every second one a quarter, as a network sees a larger picture."""
    half = n // 2
    whole = scenes(n - half, seed, size, SEEN, start * (n - half), natural=True, photos=0.5).images
    if not half:
        return whole
    large = scenes(half, seed + 2**20, 2 * size, SEEN, start * half, natural=True, photos=0.5).images
    places = torch.randint(0, size + 1, (half, 2), generator=torch.Generator().manual_seed(start)).tolist()
    return torch.cat([whole, *(large[i : i + 1, :, y : y + size, x : x + size] for i, (y, x) in enumerate(places))])
