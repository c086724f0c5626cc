"""Solutions of the exercises of notebook 12: {check: (right ones, wrong ones)}, each the source of the function or class."""

SOLUTIONS = {}

CIN = """
class CIN(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(styles, channels)), nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, weights):
        normal = F.instance_norm(x)
"""
SIZED = """
        weights = weights[..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(weights, x.shape[-2:])
"""
PAINTED = """
        scale, shift = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))
        return scale * normal + shift
"""
SOLUTIONS["CIN"] = [CIN + right for right in ("""
        if weights.dim() == 2:
            weights = weights[..., None, None].expand(-1, -1, *x.shape[-2:])
        weights = F.interpolate(weights, size=x.shape[-2:], mode="area").movedim(1, -1)
        mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
        return (weights @ self.gamma).movedim(-1, 1) * (x - mean) / (variance + 1e-5).sqrt() + (weights @ self.beta).movedim(-1, 1)
""", """
        if weights.dim() == 2:  # paint in each style, then mix
            weights = weights[..., None, None]
        weights = F.adaptive_avg_pool2d(weights, x.shape[-2:] if weights.shape[-1] > 1 else 1)
        every = [F.instance_norm(x, weight=gamma, bias=beta) for gamma, beta in zip(self.gamma, self.beta)]
        return sum(weights[:, s:s + 1] * each for s, each in enumerate(every))
""")], [CIN + wrong for wrong in ("""
        weights = weights if weights.dim() == 2 else weights.mean((2, 3))  # no styles by place
        scale, shift = weights @ self.gamma, weights @ self.beta
        return scale[..., None, None] * normal + shift[..., None, None]
""", """
        scale, shift = weights @ self.gamma, weights @ self.beta  # weights by place stop it
        return scale[..., None, None] * normal + shift[..., None, None]
""", """
        scale, shift = self.gamma[0], self.beta[0]  # always the first style
        return scale.view(-1, 1, 1) * normal + shift.view(-1, 1, 1)
""", SIZED + """
        return torch.einsum("nshw,sc->nchw", weights, self.gamma) * normal  # beta forgotten
""", SIZED + """
        weights = weights[:1]  # the first picture's weights and map for all pictures
""" + PAINTED, """
        weights = weights[..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(weights, x.shape[-2:])[:1]
        # the first picture's map for all pictures
""" + PAINTED, SIZED + """
        mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)  # batch norm
        normal = (x - mean) / (variance + 1e-5).sqrt()
""" + PAINTED, SIZED + """
        normal = F.layer_norm(x, x.shape[1:])  # layer norm
""" + PAINTED, """
        hard = F.one_hot(weights.argmax(1), weights.shape[1]).movedim(-1, 1).float()  # the strongest style only
        weights = hard[..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(hard, x.shape[-2:])
""" + PAINTED, """
        weights = weights[..., None, None] if weights.dim() == 2 else F.avg_pool2d(weights, 2)  # fixed pooling
""" + PAINTED, """
        weights = weights[..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(weights, 6)  # a fixed size
""" + PAINTED, """
        if weights.dim() == 4:  # fits multiples only
            weights = F.avg_pool2d(weights, weights.shape[-1] // x.shape[-1])
        else:
            weights = weights[..., None, None]
""" + PAINTED, """
        if weights.dim() == 4:  # bilinear
            weights = F.interpolate(weights, size=x.shape[-2:], mode="bilinear")
        else:
            weights = weights[..., None, None]
""" + PAINTED, """
        weights = weights[..., None, None] if weights.dim() == 2 else F.interpolate(weights, size=x.shape[-2:])  # nearest
""" + PAINTED, """
        weights = weights[..., None, None] if weights.dim() == 2 else F.adaptive_max_pool2d(weights, x.shape[-2:])  # the maximum
""" + PAINTED, SIZED + """
        normal = (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True, correction=0)  # no epsilon
""" + PAINTED, SIZED + """
        normal = (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True) + 1e-5).sqrt()  # n - 1
""" + PAINTED, SIZED + """
        scale, shift = (torch.einsum("nshw,sc->nchw", weights, table.data) for table in (self.gamma, self.beta))  # detached
        return scale * normal + shift
""", SIZED + """
        scale = torch.einsum("nshw,sc->nchw", weights, self.gamma.detach())  # one table detached
        return scale * normal + torch.einsum("nshw,sc->nchw", weights, self.beta)
""", SIZED + """
        with torch.no_grad():  # detached where weights come by place
            scale, shift = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))
        if weights.shape[-1] == 1:
            scale, shift = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))
        return scale * normal + shift
""", """
        weights = weights.softmax(dim=1)  # made shares that are shares already
""" + SIZED + PAINTED, SIZED + """
        scale, shift = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))
        return scale * (normal + shift)  # the shift is scaled
""", SIZED + """
        scale, shift = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))
        return F.instance_norm(scale * x + shift)  # normalized last
""", SIZED + """
        x -= x.mean((2, 3), keepdim=True)  # in place
""" + PAINTED, SIZED + """
        scale, shift = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))
        scale * normal + shift  # no return
""")]

SOLUTIONS["corner_weights"] = ["""
def corner_weights(x, y):
    return [a * b for b in (1 - y, y) for a in (1 - x, x)]
""", """
def corner_weights(x, y):
    return torch.outer(torch.tensor([1 - y, y]), torch.tensor([1 - x, x])).flatten()
"""], ["""
def corner_weights(x, y):  # top right and bottom left exchanged
    return torch.tensor([(1 - x) * (1 - y), (1 - x) * y, x * (1 - y), x * y])
""", """
def corner_weights(x, y):  # upside down
    return torch.tensor([(1 - x) * y, x * y, (1 - x) * (1 - y), x * (1 - y)])
""", """
def corner_weights(x, y):  # clockwise
    return torch.tensor([(1 - x) * (1 - y), x * (1 - y), x * y, (1 - x) * y])
""", """
def corner_weights(x, y):  # the far corners
    return torch.tensor([x * y, (1 - x) * y, x * (1 - y), (1 - x) * (1 - y)])
""", """
def corner_weights(x, y):  # means for products
    return torch.tensor([2 - x - y, 1 + x - y, 1 - x + y, x + y]) / 4
""", """
def corner_weights(x, y):  # by distance
    near = torch.tensor([1 / (1e-6 + ((x - a) ** 2 + (y - b) ** 2)) for b in (0, 1) for a in (0, 1)])
    return near / near.sum()
""", """
def corner_weights(x, y):  # as far as the nearer of both coordinates
    return torch.tensor([min(1 - x, 1 - y), min(x, 1 - y), min(1 - x, y), min(x, y)])
""", """
def corner_weights(x, y):  # the root, so that squares add up to 1
    return torch.tensor([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]) ** 0.5
""", """
def corner_weights(x, y):  # the nearest corner
    return torch.eye(4)[(x > 0.5) + 2 * (y > 0.5)]
""", """
def corner_weights(x, y):  # as a square
    return torch.outer(torch.tensor([1 - y, y]), torch.tensor([1 - x, x]))
"""]

MOMENTS = """
def adaptive_instance_norm(x, y):
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
    shift, scale = y.mean((2, 3), keepdim=True), y.std((2, 3), keepdim=True, correction=0)
"""
SOLUTIONS["adaptive_instance_norm"] = ["""
def adaptive_instance_norm(x, y):
    scale, shift = y.flatten(2).std(2, correction=0), y.flatten(2).mean(2)
    return scale[..., None, None] * F.instance_norm(x) + shift[..., None, None]
""", """
def adaptive_instance_norm(x, y):
    rows, others = x.flatten(2), y.flatten(2).expand(len(x), -1, -1)
    rows = rows - rows.mean(2, keepdim=True)
    rows = rows / (rows.square().mean(2, keepdim=True) + 1e-5) ** 0.5
    spread = others.var(2, keepdim=True, correction=0).sqrt()
    return (rows * spread + others.mean(2, keepdim=True)).view_as(x)
"""], [MOMENTS + wrong for wrong in ("""
    return (x - mean) / (variance + 1e-5).sqrt()  # y forgotten
""", """
    return scale * x + shift  # not normalized
""", """
    return shift * (x - mean) / (variance + 1e-5).sqrt() + scale  # exchanged
""", """
    return scale * (x - mean) / variance.sqrt() + shift  # no epsilon
""", """
    return scale * (x - mean) / (variance + 1e-5) + shift  # no root
""", """
    return scale.square() * (x - mean) / (variance + 1e-5).sqrt() + shift  # the variance as scale
""", """
    return scale * ((x - mean) / (variance + 1e-5).sqrt() + shift)  # the shift is scaled
""", """
    return x - mean + shift  # the mean alone
""", """
    return (y - shift) / scale * variance.sqrt() + mean  # the other way
""", """
    return scale * (x - x.mean()) / (x.var() + 1e-5).sqrt() + shift  # one mean for all channels
""", """
    scale = y.std((2, 3), keepdim=True)  # n - 1
    return scale * (x - mean) / (variance + 1e-5).sqrt() + shift
""", """
    shift, scale = y.mean((0, 2, 3), keepdim=True), y.std((0, 2, 3), keepdim=True, correction=0)  # all of y's pictures
    return scale * (x - mean) / (variance + 1e-5).sqrt() + shift
""", """
    return (scale * torch.zeros_like(x) + shift).expand_as(x)  # only y's mean
""", """
    x -= mean  # in place
    return -scale * x / (variance + 1e-5).sqrt() + shift  # upside down
""")]
