"""How well a heat map finds a subject whose pixels are known; each score beside the map that only looks at the center.

`maps` is a sequence of heat maps [H, W], non-negative; `masks` is bool [n, H, W], true on the subject.
"""

import torch
from skimage.filters import sobel


def pointing_game(maps, masks):
    """The share of maps whose hottest pixel lies on the subject (Zhang et al., Top-down neural attention by excitation
    backprop, ECCV 2016; without its tolerance of 15 pixels, since these masks are exact). A map of zeros misses."""
    return _mean(heat.max() > 0 and mask.flatten()[heat.argmax()] for heat, mask in _pairs(maps, masks))


def energy_inside(maps, masks):
    """The mean share of a map's heat that lies on the subject (the energy-based pointing game of Wang et al.,
    Score-CAM, CVPR Workshops 2020). A map of zeros has none."""
    return _mean((heat * mask).sum() / heat.sum() if heat.any() else 0 for heat, mask in _pairs(maps, masks))


def iou(maps, masks):
    """The mean intersection over union of the subject and the map's hottest pixels, as many as the subject has."""
    return _mean(_iou(heat, mask) for heat, mask in _pairs(maps, masks))


def _iou(heat, mask):
    chosen = torch.zeros_like(mask).flatten()
    chosen[heat.flatten().topk(int(mask.sum())).indices] = True
    chosen = chosen.view_as(mask) & (heat > 0)
    return (chosen & mask).sum() / (chosen | mask).sum().clamp(min=1)


def specificity(heat, asked, other):
    """Of the heat on the mask `asked` or the mask `other` [H, W] the share on `asked`: 0.5 if there is none (float)."""
    on, off = (heat * asked).sum(), (heat * other).sum()
    return (on / (on + off)).item() if on + off > 0 else 0.5


def class_iou(found, true, classes):
    """Intersection over union of the pixels that are given to a class and the class's own, over all pictures together
    (Everingham et al., The PASCAL visual object classes challenge, IJCV 2010): [classes], NaN for a class that is in
    neither.

    found, true: a class for each pixel, int64 [n, H, W].
    """
    counts = torch.bincount((true * classes + found).flatten(), minlength=classes**2).view(classes, classes)
    return counts.diag() / (counts.sum(0) + counts.sum(1) - counts.diag())


def center_map(height, width):
    """The baseline: a round hill in the middle of the picture, whatever is in it."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    return torch.exp(-2 * (x**2 + y**2))


def random_map(height, width, seed):
    """The other baseline: smooth random hills, as coarse as a last layer's maps."""
    coarse = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=False)[0, 0]


def edge_map(image):
    """The baseline that sees the picture but no network: how strong the edges of [3, H, W] are (Sobel), [H, W]."""
    return torch.from_numpy(sobel(image.detach().mean(dim=0).cpu().numpy()))


def _pairs(maps, masks):
    if len(maps) != len(masks):
        raise ValueError(f"maps: {len(maps)} of them for {len(masks)} masks")
    for heat, mask in zip(maps, masks):
        heat, mask = heat.detach().cpu(), mask.cpu()
        if heat.shape != mask.shape:
            raise ValueError(f"maps: [H, W] as the mask's {list(mask.shape)} is needed, got {list(heat.shape)}")
        yield heat, mask


def _mean(values):
    values = [float(value) for value in values]
    return sum(values) / len(values)
