"""Solutions of the exercises of notebook 11: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

YIQ = """
TO_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.59590059, -0.27455667, -0.32134392], [0.21153661, -0.52273617, 0.31119955]])


def mixed(painted, photo):
    light, color = (torch.einsum("ab,bhw->ahw", TO_YIQ, image) for image in (painted, photo))
    return torch.cat([light[:1], color[1:]])


def to_rgb(image):
    return torch.einsum("ab,bhw->ahw", TO_YIQ.inverse(), image)


def keep_colors(painted, photo):
"""
SOLUTIONS["keep_colors"] = [YIQ + right for right in ("""
    light = TO_YIQ[0].view(3, 1, 1)  # add the difference in luminance to each channel
    return torch.clip(photo + ((painted - photo) * light).sum(0, keepdim=True), 0, 1)
""", """
    from skimage.color import rgb2yiq, yiq2rgb
    light, color = (rgb2yiq(image.permute(1, 2, 0).numpy()) for image in (painted, photo))
    color[..., 0] = light[..., 0]
    return torch.from_numpy(yiq2rgb(color)).permute(2, 0, 1).clamp(0, 1)
""", """
    light, color = (image.permute(1, 2, 0) @ TO_YIQ.T for image in (painted, photo))
    image = torch.cat([light[..., :1], color[..., 1:]], dim=2) @ torch.linalg.inv(TO_YIQ).T
    return image.permute(2, 0, 1).clamp(0, 1)
""")], [YIQ + wrong for wrong in ("""
    return to_rgb(mixed(photo, painted)).clamp(0, 1)  # the other way round
""", """
    return mixed(painted, photo)  # stays in YIQ
""", """
    return to_rgb(mixed(painted, photo))  # not clipped
""", """
    light, color = (torch.einsum("ba,bhw->ahw", TO_YIQ, image) for image in (painted, photo))  # transposed
    return torch.einsum("ba,bhw->ahw", TO_YIQ.inverse(), torch.cat([light[:1], color[1:]])).clamp(0, 1)
""", """
    return (photo + painted.mean(0, keepdim=True) - photo.mean(0, keepdim=True)).clamp(0, 1)  # the mean for luminance
""", """
    return to_rgb(mixed(painted, photo)).abs().clamp(max=1)  # mirrored at 0
""", """
    image = to_rgb(mixed(painted, photo))  # rescaled, not clipped
    low, high = image.min().clamp(max=0), image.max().clamp(min=1)
    return (image - low) / (high - low)
""", """
    image = to_rgb(mixed(painted, photo))  # stretched to the whole range
    return (image - image.min()) / (image.max() - image.min())
""", """
    return to_rgb(mixed(painted, photo)).clamp(min=0)  # clipped at one end
""", """
    return to_rgb(mixed(painted, photo)).sigmoid()  # squeezed
""", """
    return to_rgb(mixed(painted, photo).clamp(0, 1)).clamp(0, 1)  # clipped in YIQ
""", """
    return torch.einsum("ba,bhw->ahw", TO_YIQ, mixed(painted, photo)).clamp(0, 1)  # the transpose for the inverse
""", """
    light = torch.einsum("c,chw->hw", TO_YIQ[0], painted) / torch.einsum("c,chw->hw", TO_YIQ[0], photo)
    return (photo * light).clamp(0, 1)  # scaled
""", """
    light, color = (image.reshape(-1, 3) @ TO_YIQ.T for image in (painted, photo))  # channels and places mixed
    image = torch.cat([light[:, :1], color[:, 1:]], dim=1) @ TO_YIQ.inverse().T
    return image.reshape(photo.shape).clamp(0, 1)
""", """
    light = torch.einsum("c,chw->hw", TO_YIQ[0], painted - photo)
    return photo.add_(light).clamp_(0, 1)  # in place
""")]

NORM = """
def normalize_instance(x, gamma, beta, epsilon=1e-5):
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
"""
SCALED = """
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + epsilon).sqrt() + beta.view(-1, 1, 1)
"""
SOLUTIONS["normalize_instance"] = ["""
def normalize_instance(x, gamma, beta, epsilon=1e-5):
    rows = x.flatten(2)
    rows = rows - rows.mean(-1, keepdim=True)
    rows = rows * (rows.pow(2).mean(-1, keepdim=True) + epsilon) ** -0.5
    return (rows * gamma[None, :, None] + beta[None, :, None]).reshape(x.shape)
""", """
def normalize_instance(x, gamma, beta, epsilon=1e-5):
    out = torch.empty_like(x)
    for n, picture in enumerate(x):
        for c, channel in enumerate(picture):
            mean = channel.sum() / channel.numel()
            variance = channel.square().mean() - mean ** 2
            out[n, c] = gamma[c] * (channel - mean) / (variance + epsilon).sqrt() + beta[c]
    return out
"""], [NORM + wrong for wrong in ("""
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)  # batch norm
""" + SCALED, """
    mean, variance = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), keepdim=True, correction=0)  # layer norm
""" + SCALED, """
    mean, variance = x.mean(1, keepdim=True), x.var(1, keepdim=True, correction=0)  # over the channels of a place
""" + SCALED, """
    variance = x.var((2, 3), keepdim=True)  # n - 1
""" + SCALED, """
    variance = x.var((0, 2, 3), keepdim=True, correction=0)  # the mean a picture's, the variance the batch's
""" + SCALED, """
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + epsilon) + beta.view(-1, 1, 1)  # no root
""", """
    return gamma.view(-1, 1, 1) * (x - mean) / variance.sqrt() + beta.view(-1, 1, 1)  # no epsilon
""", """
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + 1e-5).sqrt() + beta.view(-1, 1, 1)  # hard-coded
""", """
    return gamma.view(-1, 1, 1) * (x - mean) / (variance.sqrt() + epsilon) + beta.view(-1, 1, 1)  # beside the root
""", """
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + epsilon ** 2).sqrt() + beta.view(-1, 1, 1)  # squared
""", """
    return (x - mean) / (variance + epsilon).sqrt()  # gamma and beta forgotten
""", """
    return gamma.view(-1, 1, 1) * (x - mean) / (variance + epsilon).sqrt()  # beta forgotten
""", """
    return gamma.view(-1, 1, 1) * ((x - mean) / (variance + epsilon).sqrt() + beta.view(-1, 1, 1))  # beta is scaled
""", """
    return gamma * (x - mean) / (variance + epsilon).sqrt() + beta  # a number for each column
""", """
    return (x - mean) / (variance + epsilon).sqrt() * gamma.mean() + beta.mean()  # one number for all
""", """
    x -= mean  # in place
    return gamma.view(-1, 1, 1) * x / (variance + epsilon).sqrt() + beta.view(-1, 1, 1)
""")]

SOLUTIONS["gram_of_region"] = ["""
def gram_of_region(features, mask):
    return torch.einsum("hw,nahw,nbhw->nab", mask, features, features) / mask.sum()
""", """
def gram_of_region(features, mask):
    rows, weights = features.flatten(2), mask.flatten()
    return (rows * (weights / weights.sum())) @ rows.mT
"""], ["""
def gram_of_region(features, mask):  # divided by all positions
    rows = (features * mask.sqrt()).flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[-1]
""", """
def gram_of_region(features, mask):  # the mask squared
    rows = (features * mask).flatten(2)
    return rows @ rows.transpose(1, 2) / mask.sum()
""", """
def gram_of_region(features, mask):  # the mask squared, above and below
    rows = (features * mask).flatten(2)
    return rows @ rows.transpose(1, 2) / mask.square().sum()
""", """
def gram_of_region(features, mask):  # divided by the number of positions, not by their weights
    rows = (features * mask.sqrt()).flatten(2)
    return rows @ rows.transpose(1, 2) / (mask > 0).sum()
""", """
def gram_of_region(features, mask):  # a hard mask only
    rows = features[..., mask > 0]
    return rows @ rows.transpose(1, 2) / rows.shape[-1]
""", """
def gram_of_region(features, mask):  # the sum, not the mean
    rows = (features * mask.sqrt()).flatten(2)
    return rows @ rows.transpose(1, 2)
""", """
def gram_of_region(features, mask):  # the whole picture
    rows = features.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[-1]
""", """
def gram_of_region(features, mask):  # the rest of the picture
    mask = 1 - mask
    rows = (features * mask.sqrt()).flatten(2)
    return rows @ rows.transpose(1, 2) / mask.sum().clamp(min=1)
""", """
def gram_of_region(features, mask):  # one matrix for the batch
    rows = (features * mask.sqrt()).flatten(2)
    return (rows @ rows.transpose(1, 2)).mean(0) / mask.sum()
""", """
def gram_of_region(features, mask):  # in place
    rows = features.mul_(mask.sqrt()).flatten(2)
    return rows @ rows.transpose(1, 2) / mask.sum()
"""]
