"""Solutions of the exercises of notebook 03: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

PCA = """
def pca(x, k):
    centered = {centered}
    U, S, Vt = torch.linalg.svd(centered, full_matrices=False)
    return {projected}, {components}, {share}
"""
PARTS = dict(centered="x - x.mean(dim=0)", projected="centered @ Vt[:k].T", components="Vt[:k]", share="(S**2 / (S**2).sum())[:k]")
SOLUTIONS["pca"] = ["""
def pca(x, k):
    centered = x - x.mean(dim=0)
    values, vectors = torch.linalg.eigh((centered.T @ centered).double())
    values, vectors = values.flip(0), vectors.flip(1)[:, :k].to(x.dtype)
    return centered @ vectors, vectors.T, (values / values.sum())[:k].to(x.dtype)
""", PCA.format(**(PARTS | {"projected": "U[:, :k] * S[:k]"})),
    PCA.format(**(PARTS | {"centered": "x.double() - x.double().mean(dim=0)"}))], [PCA.format(**(PARTS | change)) for change in (
    dict(centered="x"), dict(projected="x @ Vt[:k].T"), dict(projected="U[:, :k]"), dict(components="Vt[:, :k].T"), dict(share="(S / S.sum())[:k]"),
    dict(share="S[:k]**2 / (S[:k]**2).sum()"), dict(share="(S**2)[:k]"), dict(components="Vt[:k].T"), dict(components="Vt[1 : k + 1]"),
    dict(components="Vt[-k:]"), dict(components="Vt[:k] * S[:k, None]"), dict(centered="x - x.mean()"), dict(centered="x - x.mean(dim=1, keepdim=True)"),
    dict(centered="(x - x.mean(dim=0)) / x.std(dim=0)"), dict(projected="centered @ Vt.T"), dict(projected="centered @ Vt[:, :k]"),
    dict(share="S**2 / (S**2).sum()"), dict(share="(S**2 / (S**2).sum())[:k].cumsum(0)"), dict(projected="centered @ Vt[:k].T / centered.std()"))] + ["""
mean, Vt, S = torch.zeros(512), torch.eye(512), torch.ones(512)
def pca(x, k):  # the notebook's directions
    return (x - mean) @ Vt[:k].T, Vt[:k], (S**2 / (S**2).sum())[:k]
""", """
def pca(x, k):  # in place
    x -= x.mean(dim=0)
    U, S, Vt = torch.linalg.svd(x, full_matrices=False)
    return x @ Vt[:k].T, Vt[:k], (S**2 / (S**2).sum())[:k]
""", """
def pca(x, k):  # only the coordinates
    centered = x - x.mean(dim=0)
    return centered @ torch.linalg.svd(centered, full_matrices=False)[2][:k].T
"""]

SOLUTIONS["reconstruct"] = ["""
def reconstruct(projected, components, mean):
    return torch.einsum("nk,kd->nd", projected, components).add(mean)
""", """
def reconstruct(projected, components, mean):
    return torch.stack([mean + (row[:, None] * components).sum(dim=0) for row in projected])
"""], ["""
def reconstruct(projected, components, mean):  # without the mean
    return projected @ components
""", """
def reconstruct(projected, components, mean):  # the mean taken away again
    return projected @ components - mean
""", """
def reconstruct(projected, components, mean):  # the first component only
    return projected[:, :1] @ components[:1] + mean
""", """
def reconstruct(projected, components, mean):  # nothing but the mean
    return mean.expand(len(projected), -1)
""", """
def reconstruct(projected, components, mean):  # one vector alone
    return projected[0] @ components + mean
""", """
def reconstruct(projected, components, mean):  # the mean of the means
    return projected @ components + mean.mean()
""", """
def reconstruct(projected, components, mean):  # an average of the components
    return projected @ components / len(components) + mean
""", """
def reconstruct(projected, components, mean):  # the coordinates backward
    return projected.flip(1) @ components + mean
""", """
Vt = torch.eye(512)
def reconstruct(projected, components, mean):  # the notebook's directions
    return projected @ Vt[:projected.shape[1]] + mean
""", """
x = torch.ones(1000, 512)
def reconstruct(projected, components, mean):  # the notebook's mean
    return projected @ components + x.mean(dim=0)
""", """
def reconstruct(projected, components, mean):  # the mean added for each coordinate
    return (projected[:, :, None] * components + mean).sum(dim=1)
"""]

SOLUTIONS["perplexity"] = ["""
def perplexity(p):
    return effective_neighbors(p)
""", """
def perplexity(p):
    return effective_neighbors(p[None])
""", """
def perplexity(p):
    return math.exp(-sum(each * math.log(each) for each in p.tolist() if each > 0))
"""], ["""
def perplexity(p):
    return (1 / p.max()).item()
""", """
def perplexity(p):
    return (1 / (p**2).sum()).item()
""", """
def perplexity(p):  # the entropy itself
    return torch.special.entr(p).sum().item() / math.log(2)
""", """
def perplexity(p):  # in nats, to the power of 2
    return 2 ** torch.special.entr(p).sum().item()
""", """
def perplexity(p):  # in bits, to the power of e
    return math.exp(torch.special.entr(p).sum().item() / math.log(2))
""", """
def perplexity(p):  # how many are not 0
    return (p > 0).sum().item()
""", """
def perplexity(p):  # 0 log 0 is NaN
    return (2 ** -(p * p.log2()).sum()).item()
""", """
def perplexity(p):  # the sign is lost
    return (2 ** (p[p > 0] * p[p > 0].log2()).sum()).item()
""", """
def perplexity(p):  # the mean, not the sum
    return (2 ** -(p[p > 0] * p[p > 0].log2()).mean()).item()
""", """
def perplexity(p):  # not summed
    return 2 ** -(p * p.clamp(min=1e-12).log2())
""", """
def perplexity(p):  # a small number that is not small enough
    return (2 ** -(p * (p + 1e-3).log2()).sum()).item()
""", """
def perplexity(p):  # in place
    p[p == 0] = 1
    return (2 ** -(p * p.log2()).sum()).item()
""", """
def perplexity(p):  # each of the small ones left out
    kept = p[p > 0.01]
    return (2 ** -(kept * kept.log2()).sum()).item()
"""]

SCALING = """
def classical_mds(squared, k):
    J = torch.eye(len(squared), dtype=squared.dtype) - 1 / len(squared)
    values, vectors = torch.linalg.eigh({})
    return {}
"""
B, TOP = "-0.5 * J @ squared @ J", "vectors.flip(1)[:, :k] * values.flip(0)[:k].abs().sqrt()"
SOLUTIONS["classical_mds"] = ["""
def classical_mds(squared, k):
    B = -0.5 * (squared - squared.mean(0) - squared.mean(1)[:, None] + squared.mean())
    U, S, _ = torch.linalg.svd(B)
    return U[:, :k] * S[:k].sqrt()
""", SCALING.format(B, "vectors[:, -k:] * values[-k:].sqrt()")], [SCALING.format(*each) for each in (
    (B, "vectors[:, :k] * values[:k].clamp(min=0).sqrt()"), (B, "vectors.flip(1)[:, :k]"),
    (B, "vectors.flip(1)[:, :k] * values.flip(0)[:k]"), ("-J @ squared @ J", "vectors.flip(1)[:, :k] * values.flip(0)[:k].sqrt()"),
    ("-0.5 * squared", TOP), ("-0.5 * J @ squared.sqrt() @ J", TOP), (B, "vectors[:, :k] * values[:k].sqrt()"), (B, "vectors * values.clamp(min=0).sqrt()"),
    ("0.5 * J @ squared @ J", TOP), ("-0.5 * J @ squared", TOP), (B, "vectors.flip(0)[:k].T * values.flip(0)[:k].sqrt()"),
    (B, "vectors.flip(1)[:, :k] * values[:k].abs().sqrt()"), (B, "vectors.flip(1)[:, :3] * values.flip(0)[:3].sqrt()"),
    (B, "vectors.flip(1)[:, 1 : k + 1] * values.flip(0)[1 : k + 1].abs().sqrt()"), (B, "(vectors.flip(1)[:, :k] * values.flip(0)[:k].sqrt()).T"))] + ["""
def classical_mds(squared, k):  # in place
    squared -= squared.mean(0)
    values, vectors = torch.linalg.eigh(-0.5 * (squared - squared.mean(1)[:, None]))
    return vectors[:, -k:] * values[-k:].sqrt()
""", """
def classical_mds(squared, k):  # J is the identity minus a matrix of ones
    J = torch.eye(len(squared), dtype=squared.dtype) - 1
    values, vectors = torch.linalg.eigh(-0.5 * J @ squared @ J)
    return vectors[:, -k:] * values[-k:].sqrt()
"""]

KEPT = """
def neighbors_kept(high, low, k=10):
    near_high, near_low = (torch.cdist(x, x){} for x in (high, low))
    return {}
"""
NEAR = ".fill_diagonal_(torch.inf).topk(k, largest=False).indices"
SHARED = "sum(len(set(a) & set(b)) for a, b in zip(near_high.tolist(), near_low.tolist())) / {}"
SOLUTIONS["neighbors_kept"] = ["""
def neighbors_kept(high, low, k=10):
    both = 0
    for i in range(len(high)):
        mine, theirs = ({j for j in (x - x[i]).norm(dim=1).argsort(stable=True).tolist() if j != i} and
                        [j for j in (x - x[i]).norm(dim=1).argsort(stable=True).tolist() if j != i][:k] for x in (high, low))
        both += len(set(mine) & set(theirs))
    return both / (k * len(high))
""", KEPT.format(".topk(k + 1, largest=False).indices[:, 1:]", "(near_high[:, :, None] == near_low[:, None]).any(dim=2).float().mean()"), """
def neighbors_kept(high, low, k=10):
    near = [NearestNeighbors(n_neighbors=k).fit(x.numpy()).kneighbors(return_distance=False) for x in (high, low)]
    return float(np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(*near)]))
"""], [KEPT.format(*each) for each in (
    (NEAR, "(near_high == near_low).float().mean().item()"), (".topk(k, largest=False).indices", SHARED.format("near_high.numel()")),
    (NEAR, SHARED.format("len(high)")),
    (NEAR, "sum(len(set(a) & set(b)) / len(set(a) | set(b)) for a, b in zip(near_high.tolist(), near_low.tolist())) / len(high)"),
    (".fill_diagonal_(-torch.inf).topk(k).indices", SHARED.format("near_high.numel()")),
    (".topk(k + 1, largest=False).indices", SHARED.format("near_high.numel()")), (".topk(k + 1, largest=False).indices", SHARED.format("(k * len(high))")),
    (NEAR, SHARED.format("k")), (NEAR, SHARED.format("(10 * len(high))")), (NEAR, "1 - " + SHARED.format("near_high.numel()")),
    (NEAR, "(near_high[:, :, None] == near_low[:, None]).any(dim=2).any(dim=1).float().mean().item()"),
    (NEAR, "(near_high[:, :, None] == near_low[:, None]).any(dim=2).float().mean(dim=1)"),
    (".fill_diagonal_(torch.inf).topk(k, dim=0, largest=False).indices", SHARED.format("near_high.numel()")),
    (NEAR.replace("(k,", "(min(10, len(x) - 1),"), SHARED.format("near_high.numel()")))] + ["""
x = torch.zeros(1000, 2)
def neighbors_kept(high, low, k=10):  # the notebook's number of points
    near_high, near_low = (torch.cdist(x, x).fill_diagonal_(torch.inf).topk(k, largest=False).indices for x in (high, low))
    return sum(len(set(a) & set(b)) for a, b in zip(near_high.tolist(), near_low.tolist())) / (k * len(x))
""", """
def neighbors_kept(high, low, k=10):  # one space twice
    near_high, near_low = (torch.cdist(x, x).fill_diagonal_(torch.inf).topk(k, largest=False).indices for x in (high, high))
    return sum(len(set(a) & set(b)) for a, b in zip(near_high.tolist(), near_low.tolist())) / near_high.numel()
""", """
def neighbors_kept(high, low, k=10):  # the first point alone
    near_high, near_low = (torch.cdist(x, x).fill_diagonal_(torch.inf).topk(k, largest=False).indices[0].tolist() for x in (high, low))
    return len(set(near_high) & set(near_low)) / k
"""]
