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

PGD_L2 = """
plain = load_network("plain", "course")
def pgd_l2(network, images, labels, epsilon, step, steps):
    x = {start}
    for _ in range(steps):
        gradient = loss_gradient({network}, x, {labels})
        change = x {sign} {length} * {direction} - images
        length = change.flatten(1).norm(dim=1)[:, None, None, None].clamp(min=1e-12)
        x = {result}
    return {last}
"""
PROJECTED = "(images + change * (epsilon / length).clamp(max=1))"
STEP = dict(start="images", network="network", labels="labels", sign="+", length="step", direction="F.normalize(gradient.flatten(1)).view_as(x)",
            result=PROJECTED + ".clamp(0, 1)", last="x")
SOLUTIONS["pgd_l2"] = ['''
def pgd_l2(network, images, labels, epsilon, step, steps):
    done = []
    for image, label in zip(images.split(1), labels.split(1)):
        delta = torch.zeros_like(image)
        for _ in range(steps):
            slope = loss_gradient(network, image + delta, label)
            delta = delta + step * slope / slope.norm()
            delta = delta * min(1.0, epsilon / delta.norm().item())
            delta = (image + delta).clamp(0, 1) - image
        done.append(image + delta)
    return torch.cat(done)
''', '''
def pgd_l2(network, images, labels, epsilon, step, steps):
    x = images
    for _ in range(steps):
        g = loss_gradient(network, x, labels)
        x = x + step * g / g.square().sum((1, 2, 3), keepdim=True).sqrt()
        x = images + (x - images).renorm(2, 0, epsilon)
        x = x.clip(0, 1)
    return x
'''], [PGD_L2.format(**(STEP | change)) for change in (
    dict(sign="-"), dict(direction="gradient.sign()"), dict(direction="gradient / gradient.norm()"), dict(direction="gradient"),
    dict(direction="F.normalize(gradient)"), dict(direction="gradient / gradient.abs().amax((1, 2, 3), keepdim=True)"),
    dict(length="epsilon"), dict(length="0.1"), dict(network="plain"), dict(labels="network(x).argmax(1)"),
    dict(start="images + 0.01 * torch.randn_like(images)"), dict(result="(images + change).clamp(0, 1)"),
    dict(result="(images + change * epsilon / length).clamp(0, 1)"), dict(result=PROJECTED), dict(result=PROJECTED + ".clamp(min=0)"),
    dict(result=PROJECTED + ".clamp(max=1)"), dict(result=PROJECTED, last="x.clamp(0, 1)"),
    dict(result="(images + change.clamp(-epsilon, epsilon)).clamp(0, 1)"),
    dict(result="(images + change * min(1, epsilon / change.norm().item())).clamp(0, 1)"),
    dict(result="(images + change * (epsilon / length**2).clamp(max=1)).clamp(0, 1)"),
    dict(direction="F.normalize(loss_gradient(network, images, labels).flatten(1)).view_as(x)"),
    dict(result="(images + change).clamp(0, 1)",
         last="(images + (x - images) * (epsilon / (x - images).flatten(1).norm(dim=1).view(-1, 1, 1, 1)).clamp(max=1)).clamp(0, 1)"))]

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
