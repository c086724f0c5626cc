"""Solutions of the exercises of notebook 02: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

NEAREST = '''
def nearest(queries, gallery, k, chunk=256):
    x, q = {vectors}
    squared = (q**2).sum(1)[:, None] {product} + (x**2).sum(1)
    near, indices = {sort}
    return near[:, :k]{root}.to(queries.dtype), indices[:, :k]
'''
FOUND = dict(vectors="gallery.double(), queries.double()", product="- 2 * q @ x.T", sort="squared.clamp(min=0).sort(dim=1, stable=True)", root=".sqrt()")
PARTS = """
def nearest(queries, gallery, k, chunk=100):
    x, found = gallery.double(), []
    for {part}:
        squared = (q**2).sum(1)[:, None] - 2 * q @ x.T + (x**2).sum(1)
        near, indices = squared.clamp(min=0).sort(dim=1, stable=True)
        found.append((near[:, :k].sqrt(), indices[:, :k]))
    return {joined}
"""
JOINED = "tuple(torch.cat(each) for each in zip(*found))"
SOLUTIONS["nearest"] = ['''
def nearest(queries, gallery, k, chunk=256):
    distances, indices = [], []
    for q in queries.double():
        away = (gallery.double() - q).norm(dim=1)
        order = sorted(range(len(gallery)), key=lambda i: (away[i].item(), i))[:k]
        distances.append(away[order]), indices.append(torch.tensor(order))
    return torch.stack(distances).to(queries.dtype), torch.stack(indices)
''', NEAREST.format(**FOUND), PARTS.format(part="q in queries.double().split(chunk)", joined=JOINED)], [NEAREST.format(**(FOUND | change)) for change in (
    dict(sort="squared.sort(dim=1, stable=True)"), dict(root=""), dict(product="- q @ x.T"), dict(product="+ 2 * q @ x.T"),
    dict(sort="squared.clamp(min=0).sort(dim=1, stable=True, descending=True)"), dict(vectors="gallery, queries"),
    dict(sort="[each.flip(1) for each in squared.flip(1).sort(dim=1, descending=True)]"),
    dict(sort="squared.clamp(min=0).topk(k, dim=1, largest=False)"), dict(sort="squared.sqrt().sort(dim=1, stable=True)", root=""),
    dict(sort="squared.clamp(min=0).double().sort(dim=1, stable=True)", vectors="gallery, queries"),  # double too late
    dict(sort="squared.clamp(min=0).sort(dim=0, stable=True)"),
    dict(sort="[each[:, 1:] for each in squared.clamp(min=0).sort(dim=1, stable=True)]"),  # without the nearest
)] + [PARTS.format(part=part, joined=joined) for part, joined in (
    ("q in queries.double().split(chunk)", "found[-1]"), ("q in queries.double().split(chunk)", "found[0]"),
    ("q in queries[: len(queries) // chunk * chunk].double().split(chunk)", JOINED),
    ("q in queries.double().split(chunk)", JOINED + "[::-1]"), ("q in (queries.double(),)", "found[0][1]"),
    ("q in (queries.double()[i : i + 100] for i in range(0, len(queries), chunk))", JOINED))] + ["""
q, x = torch.randn(250, 512), torch.randn(1000, 512)
def nearest(queries, gallery, k, chunk=100):  # the notebook's vectors
    squared = ((q.double()**2).sum(1)[:, None] - 2 * q.double() @ x.double().T + (x.double()**2).sum(1)).clamp(min=0)
    near, indices = squared.sort(dim=1, stable=True)
    return near[:, :k].sqrt(), indices[:, :k]
""", """
x = torch.randn(1000, 512)
def nearest(queries, gallery, k, chunk=100):  # the notebook's gallery
    q, y = queries.double(), x.double()
    near, indices = ((q**2).sum(1)[:, None] - 2 * q @ y.T + (y**2).sum(1)).clamp(min=0).sort(dim=1, stable=True)
    return near[:, :k].sqrt(), indices[:, :k]
""", """
def nearest(queries, gallery, k, chunk=100):  # the city-block distance
    near, indices = torch.cdist(queries.double(), gallery.double(), p=1).sort(dim=1, stable=True)
    return near[:, :k], indices[:, :k]
"""]

SOLUTIONS["vote"] = ["""
def vote(neighbor_labels):
    return neighbor_labels.mode(dim=1).values
""", """
def vote(neighbor_labels):
    return torch.stack([torch.bincount(row).argmax() for row in neighbor_labels])
"""], ["""
def vote(neighbor_labels):  # the nearest
    return neighbor_labels[:, 0]
""", """
def vote(neighbor_labels):  # the median
    return neighbor_labels.median(dim=1).values
""", """
def vote(neighbor_labels):  # the most frequent of all
    return torch.bincount(neighbor_labels.flatten()).argmax().repeat(len(neighbor_labels))
""", """
def vote(neighbor_labels):  # of equals the largest
    counts = F.one_hot(neighbor_labels).sum(dim=1).flip(1)
    return counts.shape[1] - 1 - counts.argmax(dim=1)
""", """
def vote(neighbor_labels):  # of equals the nearest
    return torch.tensor([max(row, key=row.count) for row in neighbor_labels.tolist()])
""", """
def vote(neighbor_labels):  # down the columns
    return neighbor_labels.mode(dim=0).values
""", """
def vote(neighbor_labels):  # how many votes, not for whom
    return F.one_hot(neighbor_labels).sum(dim=1).amax(dim=1)
""", """
def vote(neighbor_labels):  # one query alone
    return torch.bincount(neighbor_labels[0]).argmax()
"""]

COSINE = """
def nearest_by_cosine(queries, gallery, k):
    distances, indices = nearest({}, {}, k)
    return {}, indices
"""
SOLUTIONS["nearest_by_cosine"] = ["""
def nearest_by_cosine(queries, gallery, k):
    best = (F.normalize(queries, dim=1) @ F.normalize(gallery, dim=1).T).topk(k, dim=1)
    return best.values, best.indices
""", """
def nearest_by_cosine(queries, gallery, k):
    q, x = queries.double(), gallery.double()
    similar = q @ x.T / q.norm(dim=1)[:, None] / x.norm(dim=1)
    return tuple(each[:, :k] for each in similar.sort(dim=1, descending=True))
"""], ["""
def nearest_by_cosine(queries, gallery, k):  # the first of the gallery, sorted
    similar = F.normalize(queries, dim=1) @ F.normalize(gallery[:k], dim=1).T
    return similar.sort(dim=1, descending=True)
""", """
def nearest_by_cosine(queries, gallery, k):  # the inner product, divided by nothing
    return (queries @ gallery.T).topk(k, dim=1)
""", """
def nearest_by_cosine(queries, gallery, k):  # the least similar
    return (F.normalize(queries, dim=1) @ F.normalize(gallery, dim=1).T).topk(k, dim=1, largest=False)
""", """
def nearest_by_cosine(queries, gallery, k):  # in place
    queries /= queries.norm(dim=1, keepdim=True)
    return (queries @ F.normalize(gallery, dim=1).T).topk(k, dim=1)
""", """
x = torch.randn(1000, 512)
def nearest_by_cosine(queries, gallery, k):  # the notebook's gallery
    return (F.normalize(queries, dim=1) @ F.normalize(x, dim=1).T).topk(k, dim=1)
""", """
def nearest_by_cosine(queries, gallery, k):  # both lengths as one number for all
    return (queries @ gallery.T / (queries.norm() * gallery.norm())).topk(k, dim=1)
"""] + [COSINE.format(*each) for each in (
    ("F.normalize(queries, dim=1)", "gallery", "1 - distances**2 / 2"), ("queries", "F.normalize(gallery, dim=1)", "1 - distances**2 / 2"),
    ("F.normalize(queries, dim=1)", "F.normalize(gallery, dim=1)", "distances"),
    ("F.normalize(queries, dim=1)", "F.normalize(gallery, dim=1)", "1 - distances / 2"),
    ("F.normalize(queries, dim=1)", "F.normalize(gallery, dim=1)", "1 - distances**2"),
    ("F.normalize(queries, dim=0)", "F.normalize(gallery, dim=0)", "1 - distances**2 / 2"))]

WHITENING = """
def whitening(gallery, k):
    mean = {mean}
    values, vectors = torch.linalg.eigh((gallery - mean).T.cov().double())
    values, vectors = {kept}
    return mean, ({matrix}).to(gallery.dtype)
"""
WHITE = dict(mean="gallery.mean(dim=0)", kept="values.flip(0)[:k], vectors.flip(1)[:, :k]", matrix="vectors / values.sqrt()")
SOLUTIONS["whitening"] = ["""
def whitening(gallery, k):
    mean = gallery.mean(dim=0)
    _, S, Vt = torch.linalg.svd((gallery - mean).double(), full_matrices=False)
    return mean, (Vt[:k].T / S[:k] * (len(gallery) - 1) ** 0.5).to(gallery.dtype)
""", """
def whitening(gallery, k):
    mean = gallery.mean(dim=0)
    values, vectors = torch.linalg.eigh((gallery - mean).T @ (gallery - mean) / len(gallery))
    return mean, vectors[:, -k:] @ torch.diag(values[-k:] ** -0.5)
"""], [WHITENING.format(**(WHITE | change)) for change in (
    dict(mean="torch.zeros(gallery.shape[1])"), dict(kept="values[:k], vectors[:, :k]"), dict(matrix="vectors"), dict(matrix="vectors / values"),
    dict(matrix="vectors * values.sqrt()"), dict(kept="values.flip(0)[:k], vectors[:, :k]"),
    dict(mean="gallery.mean()"), dict(mean="gallery.mean(dim=1, keepdim=True)"), dict(matrix="(vectors / values.sqrt()).T"),
    dict(kept="values.flip(0)[:k], vectors.flip(0)[:k].T"), dict(kept="values, vectors"),
    dict(matrix="(vectors / values.sqrt() @ vectors.T)[:, :k]", kept="values, vectors"),
    dict(matrix="torch.eye(gallery.shape[1])[:, :k] / gallery.std(dim=0)[:k]"))] + ["""
def whitening(gallery, k):  # S² is n - 1 times the variance
    mean = gallery.mean(dim=0)
    _, S, Vt = torch.linalg.svd(gallery - mean, full_matrices=False)
    return mean, Vt[:k].T / S[:k]
""", """
x = torch.randn(1000, 512)
def whitening(gallery, k):  # the notebook's gallery
    values, vectors = torch.linalg.eigh(x.T.cov())
    return x.mean(dim=0), vectors[:, -k:] / values[-k:].sqrt()
""", """
def whitening(gallery, k):  # in double precision to the end
    values, vectors = torch.linalg.eigh(gallery.T.cov().double())
    return gallery.mean(dim=0), vectors[:, -k:] / values[-k:].sqrt()
""", """
def whitening(gallery, k):  # in place
    mean = gallery.mean(dim=0)
    gallery -= mean
    values, vectors = torch.linalg.eigh(gallery.T.cov())
    return mean, vectors[:, -k:] / values[-k:].sqrt()
"""]

SOLUTIONS["times_chosen"] = ["""
def times_chosen(indices, n):
    return (indices.flatten()[:, None] == torch.arange(n)).sum(dim=0)
""", """
def times_chosen(indices, n):
    count = torch.zeros(n, dtype=torch.int64)
    for row in indices.tolist():
        for i in row:
            count[i] += 1
    return count
"""], ["""
def times_chosen(indices, n):  # the nearest only
    return torch.bincount(indices[:, 0], minlength=n)
""", """
def times_chosen(indices, n):  # nothing for those that are never chosen
    return torch.bincount(indices.flatten())
""", """
def times_chosen(indices, n):  # chosen at all
    return torch.bincount(indices.flatten(), minlength=n).clamp(max=1)
""", """
def times_chosen(indices, n):  # the later of two overwrites
    return torch.zeros(n, dtype=torch.int64).index_put((indices,), torch.ones((), dtype=torch.int64))
""", """
def times_chosen(indices, n):  # the notebook's thousand
    return torch.bincount(indices.flatten(), minlength=1000)
""", """
def times_chosen(indices, n):  # only one list
    return torch.bincount(indices[0], minlength=n)
""", """
def times_chosen(indices, n):  # a share of the lists
    return torch.bincount(indices.flatten(), minlength=n) / len(indices)
""", """
def times_chosen(indices, n):  # no whole numbers
    return torch.histc(indices.float(), bins=n, min=0, max=n)
""", """
def times_chosen(indices, n):  # sorted
    return torch.bincount(indices.flatten(), minlength=n).sort(descending=True).values
"""]
