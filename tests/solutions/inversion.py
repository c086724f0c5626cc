"""Solutions of the exercises of notebook 09: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

BY_HAND = """
def invert_by_hand(network, layer, image, weight, steps, lr=0.05):
    wanted = features(network, layer, image[None]).detach()
    x = torch.full_like(image[None], 0.5).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=lr)
    for _ in range(steps):
{}
    return x.detach()[0]
"""

AROUND = """
def dream_around(network, layer, image, mask, steps, lr=0.015):
    x = image.clone()
    for _ in range(steps):
        x.requires_grad_()
        g, = torch.autograd.grad(half_squared_norm(features(network, layer, x[None])), x)
{}
    return x
"""

SOLUTIONS["invert_by_hand"] = ["""
def invert_by_hand(network, layer, image, weight, steps, lr=0.05):
    wanted = features(network, layer, image[None]).detach()
    found = torch.nn.Parameter(torch.full_like(image, 0.5))
    optimizer = torch.optim.Adam([found], lr)
    while steps:
        loss = feature_loss(features(network, layer, found[None]), wanted)[0] + weight * total_variation(found, 2.0)
        found.grad, = torch.autograd.grad(loss, found)
        optimizer.step()
        found.data.clamp_(0, 1)
        steps -= 1
    return found.detach()
"""], [BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum()  # no total variation
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)  # old gradients stay
        loss.backward(); optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)  # not clipped
        optimizer.zero_grad(); loss.backward(); optimizer.step()"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)  # clipped at the end only
        optimizer.zero_grad(); loss.backward(); optimizer.step()
    x = x.clamp(0, 1)"""), BY_HAND.format("""
        loss = weight * total_variation(x) - feature_loss(features(network, layer, x), wanted).sum()  # uphill
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x, 1.0)  # another exponent
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)""")] + ["""
def invert_by_hand(network, layer, image, weight, steps, lr=0.05):  # the notebook's own, by L-BFGS
    return invert_features(network, layer, image, weight=weight, steps=steps)
""", """
def invert_by_hand(network, layer, image, weight, steps, lr=0.05):  # from the photo
    return optimize_image(image[None], lambda x: -feature_loss(features(network, layer, x), features(
        network, layer, image[None])).sum() - weight * total_variation(x), steps, lr, "adam").image[0]
""", BY_HAND.format("""
        if x.grad is None:  # the first gradient in every step
            (feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)).backward()
        optimizer.step()
        with torch.no_grad(): x.clamp_(0, 1)"""), BY_HAND.format("""
        loss = feature_loss(features(network, layer, x), wanted).sum() + weight * total_variation(x)  # not Adam
        g, = torch.autograd.grad(loss, x)
        with torch.no_grad(): x.sub_(lr * g / g.square().mean().sqrt()).clamp_(0, 1)""")]

SOLUTIONS["octave_sizes"] = ["""
def octave_sizes(height, width, octaves, scale, least):
    found = [[height, width]]
    for k in range(1, octaves):
        smaller = [round(height * scale**-k), round(width * scale**-k)]
        if min(smaller) >= least:
            found.insert(0, smaller)
    return found
"""], ["""
def octave_sizes(height, width, octaves, scale, least):  # from large to small
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in range(octaves)]
    return sizes[:1] + [each for each in sizes[1:] if min(each) >= least]
""", """
def octave_sizes(height, width, octaves, scale, least):  # the first exponent is 1
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in range(octaves, 0, -1)]
    return [each for each in sizes if min(each) >= least]
""", """
def octave_sizes(height, width, octaves, scale, least):  # drops the picture itself
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes if min(each) >= least]
""", """
def octave_sizes(height, width, octaves, scale, least):  # the longer side
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if max(each) >= least] + sizes[-1:]
""", """
def octave_sizes(height, width, octaves, scale, least):  # looks at the height only
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if each[0] >= least] + sizes[-1:]
""", """
def octave_sizes(height, width, octaves, scale, least):  # leaves out the least one too
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if min(each) > least] + sizes[-1:]
""", """
def octave_sizes(height, width, octaves, scale, least):  # rounded up
    sizes = [(-int(-height // scale**k), -int(-width // scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if min(each) >= least] + sizes[-1:]
""", """
def octave_sizes(height, width, octaves, scale, least):  # each from the rounded one above it
    sizes = [(height, width)]
    for _ in range(octaves - 1):
        sizes.insert(0, (round(sizes[0][0] / scale), round(sizes[0][1] / scale)))
    return [each for each in sizes[:-1] if min(each) >= least] + sizes[-1:]
""", """
def octave_sizes(height, width, octaves, scale, least):  # rounded down
    sizes = [(int(height / scale**k), int(width / scale**k)) for k in reversed(range(octaves))]
    return [each for each in sizes[:-1] if min(each) >= least] + sizes[-1:]
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
