"""The vectors of many scenes, and which of them are near each other."""

import torch
import torch.nn.functional as F
from sklearn.neighbors import NearestNeighbors

from helpers import show
from helpers.collage import scenes


def collect(describe, n, seed, size, subjects, thumbnail):
    """What `describe(images)` says about `n` scenes, ten of which are in memory at a time.

    describe: pictures [m, 3, size, size] -> {name: tensor [m, …]}; seed, size, subjects: as for `scenes`.
    Returns ({name: [n, …]}, the scenes' thumbnails [n, 3, thumbnail, thumbnail], their labels [n]).
    """
    found = []
    for start in show.progress(range(0, n, 10), "scenes"):
        part = scenes(min(10, n - start), seed, size, subjects, start=start)
        found.append((describe(part.images), F.adaptive_avg_pool2d(part.images, thumbnail), part.labels))
    described, *others = zip(*found)
    return {name: torch.cat([each[name] for each in described]) for name in described[0]}, *map(torch.cat, others)


def nearest(queries, gallery, k):
    """The `k` nearest vectors of `gallery` [n, d] for each of `queries` [q, d], by L2 distance, nearest first:
    scikit-learn's (distances [q, k], indices [q, k]). Notebook 02 builds it. Raises ValueError if k is not between 1
    and n."""
    if not 1 <= k <= len(gallery):
        raise ValueError(f"k: from 1 to {len(gallery)} is needed, got {k}")
    index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(gallery.numpy())
    distances, indices = index.kneighbors(queries.numpy())
    return torch.from_numpy(distances).to(queries.dtype), torch.from_numpy(indices)
