"""Solutions of the exercises of notebook 10: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

SOLUTIONS["most_known"] = ["""
def most_known(known, window):
    reach, best, most = window // 2, None, -1
    for y, x in (~known).nonzero().tolist():
        count = known[max(0, y - reach):y + reach + 1, max(0, x - reach):x + reach + 1].sum().item()
        if count > most:
            best, most = (y, x), count
    return best
""", """
def most_known(known, window):  # of several the last
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, window, window), padding=window // 2)[0, 0]
    count[known] = -1
    return tuple((count == count.max()).nonzero()[-1].tolist())
"""], ["""
def most_known(known, window):  # the first unknown one
    return tuple((~known).nonzero()[0].tolist())
""", """
def most_known(known, window):  # known ones too
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, window, window), padding=window // 2)[0, 0]
    return divmod(count.argmax().item(), known.shape[1])
""", """
def most_known(known, window):  # the fewest
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, window, window), padding=window // 2)[0, 0]
    return divmod(count.masked_fill(known, 1e9).argmin().item(), known.shape[1])
""", """
def most_known(known, window):  # four neighbors
    cross = torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])[None, None]
    count = F.conv2d(known[None, None].float(), cross, padding=1)[0, 0]
    return divmod(count.masked_fill(known, -1).argmax().item(), known.shape[1])
""", """
def most_known(known, window):  # always three pixels wide
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, 3, 3), padding=1)[0, 0]
    return divmod(count.masked_fill(known, -1).argmax().item(), known.shape[1])
""", """
def most_known(known, window):  # wraps around
    count = F.conv2d(F.pad(known[None, None].float(), (window // 2,) * 4, mode="circular"), torch.ones(1, 1, window, window))[0, 0]
    return divmod(count.masked_fill(known, -1).argmax().item(), known.shape[1])
""", """
def most_known(known, window):  # the border goes on
    count = F.conv2d(F.pad(known[None, None].float(), (window // 2,) * 4, mode="replicate"), torch.ones(1, 1, window, window))[0, 0]
    return divmod(count.masked_fill(known, -1).argmax().item(), known.shape[1])
""", """
def most_known(known, window):  # negative slices are empty
    reach, best, most = window // 2, (0, 0), -1
    for y, x in (~known).nonzero().tolist():
        count = known[y - reach:y + reach + 1, x - reach:x + reach + 1].sum().item()
        if count > most:
            best, most = (y, x), count
    return best
""", """
def most_known(known, window):  # not at the border
    reach, best, most = window // 2, (0, 0), -1
    for y in range(reach, len(known) - reach):
        for x in range(reach, known.shape[1] - reach):
            count = known[y - reach:y + reach + 1, x - reach:x + reach + 1].sum().item()
            if not known[y, x] and count > most:
                best, most = (y, x), count
    return best
""", """
def most_known(known, window):  # rows and columns exchanged
    count = F.conv2d(known[None, None].float(), torch.ones(1, 1, window, window), padding=window // 2)[0, 0]
    row, column = divmod(count.masked_fill(known, -1).argmax().item(), known.shape[1])
    return column, row
"""]

SOLUTIONS["gram_by_reshape"] = ["""
def gram_by_reshape(features):
    return torch.einsum("ahw,bhw->ab", features, features) / features[0].numel()
"""], ["""
def gram_by_reshape(features):  # the loop that it should replace
    channels, height, width = features.shape
    return sum(features[:, y, x].outer(features[:, y, x]) for y in range(height) for x in range(width)) / (height * width)
""", """
def gram_by_reshape(features):  # the sum
    rows = features.flatten(1)
    return rows @ rows.T
""", """
def gram_by_reshape(features):  # the other product
    rows = features.flatten(1)
    return rows.T @ rows / rows.shape[1]
""", """
def gram_by_reshape(features):  # divided by the channels too
    rows = features.flatten(1)
    return rows @ rows.T / rows.numel()
""", """
def gram_by_reshape(features):  # a covariance
    rows = features.flatten(1)
    rows = rows - rows.mean(1, keepdim=True)
    return rows @ rows.T / rows.shape[1]
""", """
def gram_by_reshape(features):  # positions in rows
    rows = features.reshape(-1, features.shape[0])
    return rows.T @ rows / len(rows)
"""]

SOLUTIONS["seam"] = ["""
def seam(image):
    steps = [image.roll(-1, d) - image for d in (1, 2)]
    across = torch.cat([steps[0][:, -1].flatten(), steps[1][:, :, -1].flatten()]).abs().mean()
    inside = torch.cat([steps[0][:, :-1].flatten(), steps[1][:, :, :-1].flatten()]).abs().mean()
    return float(across / inside)
"""], ["""
def seam(image):  # columns only
    return ((image[:, :, 0] - image[:, :, -1]).abs().mean() / image.diff(dim=2).abs().mean()).item()
""", """
def seam(image):  # not measured against the inside
    return ((image[:, :, 0] - image[:, :, -1]).abs().mean() + (image[:, 0] - image[:, -1]).abs().mean()).item()
""", """
def seam(image):  # sums
    across = (image[:, :, 0] - image[:, :, -1]).abs().sum() + (image[:, 0] - image[:, -1]).abs().sum()
    return (across / (image.diff(dim=2).abs().sum() + image.diff(dim=1).abs().sum())).item()
""", """
def seam(image):  # the first channel only
    across = torch.cat([image[0, :, 0] - image[0, :, -1], image[0, 0] - image[0, -1]])
    inside = torch.cat([image[0].diff(dim=1).flatten(), image[0].diff(dim=0).flatten()])
    return (across.abs().mean() / inside.abs().mean()).item()
""", """
def seam(image):  # the distance of colors
    across = torch.cat([(image[:, :, 0] - image[:, :, -1]).norm(dim=0), (image[:, 0] - image[:, -1]).norm(dim=0)])
    inside = torch.cat([image.diff(dim=2).norm(dim=0).flatten(), image.diff(dim=1).norm(dim=0).flatten()])
    return (across.mean() / inside.mean()).item()
""", """
def seam(image):  # the larger of two ratios
    columns = (image[:, :, 0] - image[:, :, -1]).abs().mean() / image.diff(dim=2).abs().mean().clamp(min=1e-9)
    rows = (image[:, 0] - image[:, -1]).abs().mean() / image.diff(dim=1).abs().mean().clamp(min=1e-9)
    return max(columns, rows).item()
""", """
def seam(image):  # root mean squares
    across = torch.cat([(image[:, :, 0] - image[:, :, -1]).flatten(), (image[:, 0] - image[:, -1]).flatten()])
    inside = torch.cat([image.diff(dim=2).flatten(), image.diff(dim=1).flatten()])
    return (across.square().mean().sqrt() / inside.square().mean().sqrt()).item()
""", """
def seam(image):  # signs cancel
    across = (image[:, :, 0] - image[:, :, -1]).mean() + (image[:, 0] - image[:, -1]).mean()
    return (across / (image.diff(dim=2).mean() + image.diff(dim=1).mean())).item()
"""]
