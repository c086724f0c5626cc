"""Train a stylization network (Johnson, Alahi & Fei-Fei, ECCV 2016; Dumoulin, Shlens & Kudlur, ICLR 2017)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from helpers.collage import SUBJECTS, scenes
from helpers.networks import load_network
from helpers.paintings import style_picture
from helpers.style import CONTENT_WEIGHTS, PAINTED, PerceptualLoss, loss_network, stylizer, total_variation

SMOOTH = 1.0  # weight of the total variation per value
STRANGE, USUAL = 0.2, 10.0  # weight of colors that the style doesn't have, and from which squared distance on they are
TURNS, SHIFT = 16, 1 / 16  # or the painter learns the loss network's rows and columns, and leaves a grid there
UNSEEN = ("cat", "motorcycle", "pagoda")  # subjects that no stylization network ever saw
SEEN = tuple(name for name in SUBJECTS if name not in UNSEEN)


class Stylization(nn.Module):
    """A stylization network and what it is taught: called with pictures [n, 3, h, w] and the indices of their styles
    [n], it answers with the loss."""

    betas = (0.9, 0.99)

    def __init__(self, name):
        super().__init__()
        self.styles = PAINTED if name == "many" else (name,)
        self.painter, self.many = stylizer(name), name == "many"
        teacher = loss_network(load_network("robust", "course"))
        pictures = torch.stack([style_picture(style) for style in self.styles])
        self.loss = PerceptualLoss(teacher, torch.cat([turned(pictures, turn) for turn in range(TURNS)]))
        colors = pictures.flatten(2)
        spread = torch.stack([each.cov() for each in colors]) + 1e-3 * torch.eye(3)
        self.register_buffer("mean", colors.mean(2, keepdim=True), persistent=False)
        self.register_buffer("precision", spread.inverse(), persistent=False)

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
        """The content loss [n] and the style loss [n] of what the network paints, and the paintings. In training the
        loss sees them turned by one of `TURNS` angles and shifted a little, and the style's picture turned as they
        are."""
        seen = painted = self.paint(images, style).float()
        if self.training:
            turn, shift = torch.randint(TURNS, ()).item(), SHIFT * (2 * torch.rand(2) - 1)
            images, seen = (turned(each, turn, shift.tolist()) for each in (images, painted))
            style = style + turn * len(self.styles)
        return *self.loss(seen, self.loss.content(images), style), painted

    def forward(self, images, style):
        content, styled, painted = self.parts(images, style)
        weights = content.new_tensor([CONTENT_WEIGHTS[name] for name in self.styles])[style]
        loss = weights * content + styled + STRANGE * self.strange(painted, style)
        return loss.mean() + SMOOTH * total_variation(painted) / painted.numel()

    def strange(self, painted, style):
        """How far the colors of paintings [n, 3, h, w] lie outside of their styles': [n], the mean over pixels of the
        squared Mahalanobis distance from the style's mean color beyond `USUAL`."""
        colors = painted.flatten(2) - self.mean[style]
        return F.relu((colors * (self.precision[style] @ colors)).sum(1) - USUAL).mean(1)


def turned(images, turn, shift=(0.0, 0.0)):
    """Pictures [n, 3, h, w] turned by `turn` of `TURNS` parts of a circle about their middle and shifted by a share of
    half a side, mirrored where they end."""
    cosine, sine = math.cos(2 * math.pi * turn / TURNS), math.sin(2 * math.pi * turn / TURNS)
    matrix = images.new_tensor([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]]).expand(len(images), -1, -1)
    places = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, places, padding_mode="reflection", align_corners=False)


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
