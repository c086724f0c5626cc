"""What students write in notebook 03, for its cells outside of the exercises."""

import torch
from sklearn.decomposition import PCA


def principal(x, k):
    """Scikit-learn's principal component analysis of x [n, d]: its coordinates along the first `k` directions [n, k],
    these directions [k, d], and the share of the variance that each explains [k]."""
    found = PCA(k, svd_solver="full").fit(x.numpy())
    return tuple(map(torch.tensor, (found.transform(x.numpy()), found.components_, found.explained_variance_ratio_)))


def effective_neighbors(p):
    """The perplexity of each row of p [n, m], whose rows sum to 1: how many equally likely outcomes would be as
    uncertain."""
    return torch.special.entr(p).sum(dim=-1).exp()  # entr(p) = -p log p, and 0 at 0
