import pytest
import torch

from helpers.collage import scenes
from helpers.neighbors import collect, nearest


def test_collect_is_what_one_batch_would_be():
    describe = lambda images: {"mean": images.mean((2, 3)), "corner": images[:, :, 0, 0]}
    found, thumbnails, labels = collect(describe, 130, 7, 32, ("cat", "cup"), thumbnail=8)
    made = scenes(130, 7, 32, ("cat", "cup"))
    assert torch.allclose(found["mean"], made.images.mean((2, 3))) and torch.equal(found["corner"], made.images[:, :, 0, 0])
    assert thumbnails.shape == (130, 3, 8, 8) and torch.equal(labels, made.labels)


def test_nearest_is_brute_force():
    q, x = torch.randn(2, 40, 6, generator=torch.Generator().manual_seed(0))
    distances, indices = nearest(q, x, 3)
    true = (q[:, None] - x).norm(dim=2).sort(dim=1)
    assert torch.allclose(distances, true.values[:, :3], atol=1e-5) and torch.equal(indices, true.indices[:, :3])
    for k in (0, 41):
        with pytest.raises(ValueError, match="^k: from 1 to 40"):
            nearest(q, x, k)
