"""Solutions of the exercises of notebook 08: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

DOWNWARD = """
def smallest_epsilon(network, images, labels, most=32):
    found = torch.full((len(images),), {never}, device=images.device)
    sign = loss_gradient(network, images, labels).sign()
    for level in {levels}:
        changed = {changed}
        found[answers(network, changed).argmax(1) != {label}] = level
    return found
"""
LEVEL = dict(never="most + 1", levels="range(most, 0, -1)", changed="rounded((images + level / 255 * sign).clamp(0, 1))", label="labels")
FIRST_TIME = """
def smallest_epsilon(network, images, labels, most=32):
    found, x = torch.full((len(images),), most + 1, device=images.device), images
    for level in {levels}:
        x = {x}
        wrong = answers(network, {asked}).argmax(1) != labels
        found[wrong & (found > most)] = level
    return found
"""
UPWARD = dict(levels="range(1, most + 1)", x="fgsm(network, images, labels, level / 255)", asked="rounded(x)")
SOLUTIONS["smallest_epsilon"] = ['''
def smallest_epsilon(network, images, labels, most=32):
    sign = loss_gradient(network, images, labels).sign()
    table = torch.stack([answers(network, rounded((images + k / 255 * sign).clamp(0, 1))).argmax(1) != labels for k in range(1, most + 1)])
    return torch.where(table.any(0), table.int().argmax(0) + 1, most + 1)
''', '''
def smallest_epsilon(network, images, labels, most=32):
    found = []
    for image, label in zip(images.split(1), labels.split(1)):
        turned = (k for k in range(1, most + 1) if answers(network, rounded(fgsm(network, image, label, k / 255))).argmax(1) != label)
        found.append(next(turned, most + 1))
    return torch.tensor(found, device=images.device)
''', FIRST_TIME.format(**UPWARD)], [DOWNWARD.format(**(LEVEL | change)) for change in (
    dict(levels="range(1, most + 1)"), dict(levels="range(most - 1, 0, -1)"), dict(levels="range(32, 0, -1)"), dict(levels="range(most, -1, -1)"),
    dict(never="most"), dict(never="0"), dict(never="33"), dict(label="answers(network, images).argmax(1)"),
    dict(changed="(images + level / 255 * sign).clamp(0, 1)"), dict(changed="rounded((images + level / 256 * sign).clamp(0, 1))"),
    dict(changed="rounded((images + level / 255).clamp(0, 1))"), dict(changed="rounded((images - level / 255 * sign).clamp(0, 1))"),
    dict(changed="rounded((images + level * sign).clamp(0, 1))"), dict(changed="rounded((images + level / 255 * sign.abs()).clamp(0, 1))"),
)] + [FIRST_TIME.format(**(UPWARD | change)) for change in (
    dict(levels="range(1, most)"), dict(levels="range(most + 1)"), dict(asked="x"), dict(x="fgsm(network, x, labels, level / 255)"),
    dict(x="fgsm(network, x, labels, 1 / 255)"), dict(x="rounded(fgsm(network, x, labels, 1 / 255))"), dict(x="fgsm(network, images, labels, level)"))] + ['''
def smallest_epsilon(network, images, labels, most=32):  # bisection for each picture
    found = []
    for image, label in zip(images.split(1), labels.split(1)):
        low, high = 1, most + 1
        while low < high:
            middle = (low + high) // 2
            if answers(network, rounded(fgsm(network, image, label, middle / 255))).argmax(1) != label:
                high = middle
            else:
                low = middle + 1
        found.append(low)
    return torch.tensor(found)
''', '''
def smallest_epsilon(network, images, labels, most=32):  # bisection for all, `most` first
    sign = loss_gradient(network, images, labels).sign()
    def wrong(level):
        return answers(network, rounded((images + level.view(-1, 1, 1, 1) / 255 * sign).clamp(0, 1))).argmax(1) != labels
    low, high = torch.zeros_like(labels), torch.full_like(labels, most)
    reached = wrong(high)
    while (high - low > 1).any():
        middle = (low + high) // 2
        low, high = torch.where(wrong(middle), low, middle), torch.where(wrong(middle), middle, high)
    return torch.where(reached, high, most + 1)
''', '''
def smallest_epsilon(network, images, labels, most=32):  # all pictures alike
    for level in range(1, most + 1):
        if (answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) != labels).any():
            return torch.full((len(images),), level)
    return torch.full((len(images),), most + 1)
''', '''
def smallest_epsilon(network, images, labels, most=32):  # how many fool
    found = torch.ones(len(images), dtype=torch.int64, device=images.device)
    for level in range(1, most + 1):
        found += answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) == labels
    return found
''', '''
def smallest_epsilon(network, images, labels, most=32):  # in pixels, not in gray levels
    found = torch.full((len(images),), most + 1.0, device=images.device)
    for level in range(most, 0, -1):
        wrong = answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) != labels
        found[wrong] = level / 255
    return found
''', '''
def smallest_epsilon(network, images, labels, most=32):  # one number
    for level in range(1, most + 1):
        if (answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) != labels).any():
            return level
    return most + 1
''', '''
def smallest_epsilon(network, images, labels, most=32):  # leaves out those that were wrong before
    right = answers(network, images).argmax(1) == labels
    found = torch.full((len(images),), most + 1, device=images.device)
    for level in range(most, 0, -1):
        wrong = answers(network, rounded(fgsm(network, images, labels, level / 255))).argmax(1) != labels
        found[wrong & right] = level
    return found
''']

FEW_PIXELS = """
plain = load_network("plain", "course")
def few_pixels(network, images, labels, pixels, step, steps):
    x = {start}
    for _ in range(steps):
        gradient = loss_gradient({network}, {at}, {labels})
        moved = {moved}
        size = {size}
        mask = {mask}
        x = {result}
    return {last}
"""
MASK = "torch.zeros_like(size).scatter(1, size.topk(pixels).indices, 1).view(len(x), 1, *x.shape[2:])"
FEW = dict(start="images", network="network", at="x", labels="labels", moved="(x + step * gradient / gradient.abs().amax((1, 2, 3), keepdim=True)).clamp(0, 1)",
           size="(moved - images).abs().sum(1).flatten(1)", mask=MASK, result="images + mask * (moved - images)", last="x")
SOLUTIONS["few_pixels"] = ['''
def few_pixels(network, images, labels, pixels, step, steps):
    done = []
    for image, label in zip(images.split(1), labels.split(1)):
        x = image.clone()
        for _ in range(steps):
            slope = loss_gradient(network, x, label)
            x = (x + slope * (step / slope.abs().max())).clip(0, 1)
            order = (x - image)[0].abs().sum(0).flatten().argsort(descending=True)
            x[0].flatten(1)[:, order[pixels:]] = image[0].flatten(1)[:, order[pixels:]]
        done.append(x)
    return torch.cat(done)
''', '''
def few_pixels(network, images, labels, pixels, step, steps):
    delta = torch.zeros_like(images)
    for _ in range(steps):
        g = loss_gradient(network, images + delta, labels)
        delta = (images + delta + step * g / g.flatten(1).norm(p=float("inf"), dim=1)[:, None, None, None]).clamp(0, 1) - images
        size = delta.flatten(2).norm(p=1, dim=1)
        least = size.topk(pixels, dim=1).values[:, -1:]
        delta = torch.where((size < least).view(len(images), 1, *images.shape[2:]), 0, delta)
    return images + delta
'''], [FEW_PIXELS.format(**(FEW | change)) for change in (
    dict(network="plain"), dict(labels="network(x).argmax(1)"), dict(start="images + 0.01 * torch.randn_like(images)"), dict(at="images"),
    dict(moved=FEW["moved"].replace("x + step", "x - step")), dict(moved="(x + step * gradient.sign()).clamp(0, 1)"),
    dict(moved="(x + step * gradient / gradient.abs().max()).clamp(0, 1)"), dict(moved="(x + step * gradient).clamp(0, 1)"),
    dict(moved="(x + step * gradient / gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)).clamp(0, 1)"),
    dict(moved="(x + step * gradient / gradient.abs().amax(1, keepdim=True).clamp(min=1e-12)).clamp(0, 1)"),
    dict(moved=FEW["moved"].replace("x + step", "images + step")), dict(moved=FEW["moved"].replace(".clamp(0, 1)", "")),
    dict(moved=FEW["moved"].replace("(0, 1)", "(min=0)")), dict(moved=FEW["moved"].replace("(0, 1)", "(max=1)")),
    dict(moved=FEW["moved"].replace(".clamp(0, 1)", ""), last="x.clamp(0, 1)"),
    dict(moved=FEW["moved"].replace(".clamp(0, 1)", ""), result="(images + mask * (moved - images)).clamp(0, 1)"),
    dict(size="(moved - images).sum(1).flatten(1)"), dict(size="(moved - images).sum(1).abs().flatten(1)"), dict(size="gradient.abs().sum(1).flatten(1)"),
    dict(size="(moved - images).abs().amax(1).flatten(1)"), dict(size="(moved - x).abs().sum(1).flatten(1)"), dict(size="-(moved - images).abs().sum(1).flatten(1)"),
    dict(size="(moved - images).abs().flatten(1)", mask="torch.zeros_like(size).scatter(1, size.topk(pixels).indices, 1).view_as(x)"),
    dict(size="(moved - images).abs().sum(1).sum(0).flatten()[None]", mask="torch.zeros_like(size).scatter(1, size.topk(pixels).indices, 1).view(1, 1, *x.shape[2:])"),
    dict(size="(moved - images).abs().sum(1).flatten()[None]", mask=MASK), dict(mask=MASK.replace("pixels", "min(3 * pixels, 1008)")), dict(mask=MASK.replace("pixels", "pixels - 1")),
    dict(mask=MASK.replace("pixels", "min(pixels, 100)")), dict(moved=FEW["moved"].replace("step *", "1.0 *")),
    dict(moved="(x + step * gradient / gradient.abs().amax((2, 3), keepdim=True)).clamp(0, 1)"), dict(result="images"),
    dict(mask="1"), dict(result="x + mask * (moved - x)"), dict(result="mask * moved"), dict(result="images + mask * (moved - images).mean(1, keepdim=True)"),
    dict(result="moved", last="images + mask * (moved - images)"))]

LOOKS = """
def mean_gradient(network, images, labels, samples=10):
    looks = torch.stack([{look} for _ in range({samples})])
    return {found}
"""
SOLUTIONS["mean_gradient"] = ['''
def mean_gradient(network, images, labels, samples=10):
    copies = images.repeat(samples, 1, 1, 1)
    return loss_gradient(network, copies, labels.repeat(samples)).view(samples, *images.shape).mean(0)
''', '''
def mean_gradient(network, images, labels, samples=10):
    x = images.clone().requires_grad_()
    loss = sum(F.cross_entropy(network(x), labels, reduction="sum") for _ in range(samples)) / samples
    return torch.autograd.grad(loss, x)[0]
'''], [LOOKS.format(**(dict(look="loss_gradient(network, images, labels)", samples="samples", found="looks.mean(0)") | change)) for change in (
    dict(samples="1"), dict(samples="10"), dict(samples="samples + 1"), dict(samples="samples - 1"), dict(found="looks.sum(0)"), dict(found="looks"),
    dict(found="looks.median(0).values"), dict(found="looks.mean(1)"), dict(found="looks.mean((0, 1), keepdim=True)[0].expand_as(images)"),
    dict(found="looks[0]"), dict(look="loss_gradient(network, images, labels).sign()"), dict(found="looks.mean(0).sign()"),
    dict(found="looks.mean(0) / len(images)"), dict(look="F.normalize(loss_gradient(network, images, labels).flatten(1)).view_as(images)"))] + ['''
def mean_gradient(network, images, labels, samples=10):  # one gradient, many times
    gradient = loss_gradient(network, images, labels)
    return torch.stack([gradient] * samples).mean(0)
''', '''
def mean_gradient(network, images, labels, samples=100):  # another number by itself
    return sum(loss_gradient(network, images, labels) for _ in range(samples)) / samples
''', '''
def mean_gradient(network, images, labels, samples=10):  # of the loss of the mean logits
    x = images.clone().requires_grad_()
    logits = sum(network(x) for _ in range(samples)) / samples
    return torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), x)[0]
''', '''
def mean_gradient(network, images, labels, samples=10):  # of the loss of the mean probabilities
    x = images.clone().requires_grad_()
    sure = sum(network(x).softmax(1) for _ in range(samples)) / samples
    return torch.autograd.grad(F.nll_loss(sure.log(), labels, reduction="sum"), x)[0]
''', '''
def mean_gradient(network, images, labels, samples=10):  # uphill of the logits, not of the loss
    x = images.clone().requires_grad_()
    score = sum(network(x).gather(1, labels[:, None]).sum() for _ in range(samples)) / samples
    return torch.autograd.grad(score, x)[0]
''', '''
def mean_gradient(network, images, labels, samples=10):  # a mean over the pictures of each loss
    x = images.clone().requires_grad_()
    loss = sum(F.cross_entropy(network(x), labels) for _ in range(samples)) / samples
    return torch.autograd.grad(loss, x)[0]
''']
