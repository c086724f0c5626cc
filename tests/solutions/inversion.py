"""Solutions of the exercises of notebook 09: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

BY_HAND = """
def invert_by_hand(network, layer, image, weight, limit, steps, lr=0.05):
    wanted = features(network, layer, image[None]).detach()
    x = torch.full_like(image[None], 0.5).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=lr)
    for _ in range(steps):
        loss = {}
{}
    return x.detach()[0]
"""
LOSS = """feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x) + limit * (x - 0.5).pow(6).sum()"""
STEP = """
        optimizer.zero_grad(); loss.backward(); optimizer.step()"""

AROUND = """
def dream_around(network, layer, image, mask, steps, lr=0.015):
    x = image.clone()
    for _ in range(steps):
        x.requires_grad_()
        g, = torch.autograd.grad(half_squared_norm(features(network, layer, x[None])), x)
{}
    return x
"""

SOLUTIONS["variation_map"] = ["""
def variation_map(image, beta, epsilon=1e-8):
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    steps = torch.stack([right, below]).pow(2).sum(0)
    return ((steps + epsilon) ** (beta / 2)).sum(dim=0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # a channel at a time
    return sum(((c[:-1, 1:] - c[:-1, :-1])**2 + (c[1:, :-1] - c[:-1, :-1])**2).clamp(min=epsilon)**(beta / 2) for c in image)
""", """
def variation_map(image, beta, epsilon=1e-8):  # number by number
    def term(c, i, j):
        squares = (c[i, j + 1] - c[i, j]) ** 2 + (c[i + 1, j] - c[i, j]) ** 2
        return squares ** (beta / 2) if beta >= 2 else (squares + epsilon) ** (beta / 2)
    height, width = image.shape[1:]
    return torch.stack([torch.stack([sum(term(c, i, j) for c in image) for j in range(width - 1)]) for i in range(height - 1)])
"""], ["""
def variation_map(image, beta, epsilon=1e-8):  # a number of its own
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return (right.square() + below.square() + 1e-8 * (beta < 2)).pow(beta / 2).sum(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # epsilon at beta 1 only
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return (right.square() + below.square() + epsilon * (beta == 1)).pow(beta / 2).sum(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # epsilon shared by the channels
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return (right.square() + below.square() + epsilon / len(image)).pow(beta / 2).sum(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # the power inside the sum
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return ((right.square() + epsilon).pow(beta / 2) + (below.square() + epsilon).pow(beta / 2)).sum(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # the power is beta
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return (right.square() + below.square() + epsilon).pow(beta).sum(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # no epsilon
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return (right.square() + below.square()).pow(beta / 2).sum(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # epsilon outside
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return ((right.square() + below.square()).pow(beta / 2) + epsilon).sum(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # the mean over the channels
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return (right.square() + below.square() + epsilon).pow(beta / 2).mean(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # channels together before the power
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return ((right.square() + below.square()).sum(0) + epsilon).pow(beta / 2)
""", """
def variation_map(image, beta, epsilon=1e-8):  # goes around the border
    right, below = image.roll(-1, 2) - image, image.roll(-1, 1) - image
    return (right.square() + below.square() + epsilon).pow(beta / 2).sum(0)
""", """
def variation_map(image, beta, epsilon=1e-8):  # the number
    right, below = image.diff(dim=2)[:, :-1], image.diff(dim=1)[:, :, :-1]
    return (right.square() + below.square() + epsilon).pow(beta / 2).sum()
""", """
def variation_map(image, beta, epsilon=1e-8):  # differences of different pixels
    right, below = image.diff(dim=2)[:, 1:], image.diff(dim=1)[:, :, :-1]
    return (right.square() + below.square() + epsilon).pow(beta / 2).sum(0)
"""]

SOLUTIONS["invert_by_hand"] = ["""
def invert_by_hand(network, layer, image, weight, limit, steps, lr=0.05):
    wanted = features(network, layer, image[None]).detach()
    found = torch.nn.Parameter(torch.full_like(image, 0.5))
    optimizer = torch.optim.Adam([found], lr)
    while steps:
        away = (found - 0.5).abs().pow(6).sum()
        loss = feature_loss(features(network, layer, found[None]), wanted)[0] + weight * total_variation(found, 2.0) + limit * away
        found.grad, = torch.autograd.grad(loss, found)
        optimizer.step()
        steps -= 1
    return found.detach()
"""], [BY_HAND.format("feature_loss(features(network, layer, x), wanted).sum() + limit * (x - 0.5).pow(6).sum()  # no total variation", STEP),
       BY_HAND.format("feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)  # no limit", STEP),
       BY_HAND.format(LOSS.replace("pow(6)", "pow(2)"), STEP), BY_HAND.format(LOSS.replace("pow(6)", "pow(5)"), STEP),
       BY_HAND.format(LOSS.replace("layer, x)", "layer, x.clamp(0, 1))"), STEP), BY_HAND.format(LOSS.replace("layer, x)", "layer, image[None])"), STEP),
       BY_HAND.format(LOSS.replace("features(network, layer, x), wanted", "wanted, features(network, layer, x)"), STEP),
       BY_HAND.format(LOSS.replace("limit *", "1e-3 *"), STEP), BY_HAND.format(LOSS.replace("weight *", "1e-5 *"), STEP),
       BY_HAND.format(LOSS.replace("(x - 0.5)", "x"), STEP), BY_HAND.format(LOSS.replace("pow(6).sum()", "pow(6).mean()"), STEP),
       BY_HAND.format(LOSS.replace("total_variation(x)", "total_variation(x, 1.0)"), STEP),
       BY_HAND.format(LOSS.replace("feature_loss", "-feature_loss") + "  # uphill", STEP), BY_HAND.format(LOSS, """
        loss.backward(); optimizer.step()  # old gradients stay"""), BY_HAND.format(LOSS, """
        loss.backward(); optimizer.zero_grad(); optimizer.step()  # cleared too early"""), BY_HAND.format(LOSS, STEP + """
        with torch.no_grad(): x.clamp_(0, 1)  # clipped"""), BY_HAND.format(LOSS, """
        if x.grad is None: loss.backward()  # the first gradient in every step
        optimizer.step()"""), BY_HAND.format(LOSS, """
        g, = torch.autograd.grad(loss, x)  # not Adam
        with torch.no_grad(): x.sub_(lr * g / g.square().mean().sqrt())"""), """
def invert_by_hand(network, layer, image, weight, limit, steps, lr=0.05):  # the notebook's own, by L-BFGS
    return invert_features(network, layer, image, weight=weight, steps=steps)
""", """
def invert_by_hand(network, layer, image, weight, limit, steps, lr=0.05):  # from the photo
    return optimize_image(image[None], lambda x: -feature_loss(features(network, layer, x), features(
        network, layer, image[None])).sum() - weight * total_variation(x), steps, lr, "adam", limits=None).image[0]
"""]

SOLUTIONS["dream_around"] = ["""
def dream_around(network, layer, image, mask, steps, lr=0.015):
    found, outside = image[None].clone(), (~mask).float()
    for _ in range(steps):
        found = found.detach().requires_grad_()
        a = features(network, layer, found)
        slope, = torch.autograd.grad(a, found, a.detach())
        slope = slope * outside
        found = torch.where(mask, found, (found + lr * slope / slope.pow(2).mean() ** 0.5).clamp(0, 1))
    return found.detach()[0]
"""], [AROUND.format("""
        g = g * mask  # inside
        x = (x.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)"""), AROUND.format("""
        x = (x.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)  # no mask"""), AROUND.format("""
        x = (x.detach() + lr * g / g.square().mean().sqrt() * ~mask).clamp(0, 1)  # measured before masking"""), AROUND.format("""
        g = g * ~mask
        x = (x.detach() - lr * g / g.square().mean().sqrt()).clamp(0, 1)  # downhill"""), AROUND.format("""
        g = g * ~mask
        x = (x.detach() + lr * g).clamp(0, 1)  # not scaled"""), AROUND.format("""
        g = g * ~mask
        x = x.detach() + lr * g / g.square().mean().sqrt()  # not clipped"""), AROUND.format("""
        begin = image.clone().requires_grad_()  # the start's gradient in every step
        g = torch.autograd.grad(half_squared_norm(features(network, layer, begin[None])), begin)[0] * ~mask
        x = (x.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)"""), AROUND.format("""
        g, = torch.autograd.grad(features(network, layer, x[None]).sum(), x)  # the sum of the activations
        g = g * ~mask
        x = (x.detach() + lr * g / g.square().mean().sqrt()).clamp(0, 1)"""), AROUND.format("""
        g = g * ~mask
        x = (x.detach() + lr * g / g.square().mean((1, 2), keepdim=True).sqrt()).clamp(0, 1)  # each channel by itself"""), AROUND.format("""
        g = g * ~mask
        x = x.detach() + lr * g / g.square().mean().sqrt()
    x = x.clamp(0, 1)  # at the end only"""), AROUND.format("""
        g = g * ~mask
        x = (x.detach() + lr * g / g[:, ~mask].square().mean().sqrt()).clamp(0, 1)  # measured outside the mask only""")]
