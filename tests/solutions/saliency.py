"""Solutions of the exercises of notebook 05: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

SMOOTH = """
def smooth_grad(network, image, target, samples=16, sigma=0.1, seed=0):
    generator, total = torch.Generator().manual_seed(seed), 0
    for _ in range(samples):
        noise = sigma * torch.randn(image.shape, generator=generator).to(image)
        {}
    return {}
"""
ADD, MEAN = "total = total + signed_gradient(network, image + noise, target)", "(total / samples).abs().amax(dim=0)"
SOLUTIONS["smooth_grad"] = ["""
def smooth_grad(network, image, target, samples=16, sigma=0.1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    noise = [torch.randn(image.shape, generator=generator).to(image) for _ in range(samples)]
    return torch.stack([signed_gradient(network, image + sigma * each, target) for each in noise]).mean(0).abs().amax(0)
""", SMOOTH.format("total = total + signed_gradient(network, (image + noise).clamp(0, 1), target)", MEAN), """
def smooth_grad(network, image, target, samples=16, sigma=0.1, seed=0):  # all copies at once
    generator = torch.Generator().manual_seed(seed)
    x = (image + sigma * torch.randn(samples, *image.shape[1:], generator=generator).to(image)).requires_grad_()
    (gradient,) = torch.autograd.grad(network(x)[:, target].sum(), x)
    return gradient.mean(dim=0).abs().max(dim=0).values
"""], [SMOOTH.format(*each) for each in (
    ("total = total + saliency_map(network, image + noise, target)", "total / samples"),
    (ADD, "total.abs().amax(dim=0)"),
    ("total = total + signed_gradient(network, image, target)", MEAN),
    ("total = signed_gradient(network, image + noise, target)", "total.abs().amax(dim=0)"),
    ("image += noise; total = total + signed_gradient(network, image, target)", MEAN),
    (ADD, "(total / samples).abs()"),
    ("image = image + noise; total = total + signed_gradient(network, image, target)", MEAN),
    ("total = total + signed_gradient(network, image, target) + noise[0]", MEAN),
    ("total = total + signed_gradient(network, image + sigma * noise, target)", MEAN),
    ("total = total + signed_gradient(network, image + torch.rand_like(image) * sigma, target)", MEAN),
    ("total = total + signed_gradient(network, image + sigma * torch.randn_like(image), target)", MEAN),
    ("torch.manual_seed(0); total = total + signed_gradient(network, image + sigma * torch.randn_like(image), target)", MEAN),
    ("total = total + signed_gradient(network, image + noise, 0)", MEAN),
    ("total = total + signed_gradient(network, image + noise, target).abs()", "(total / samples).amax(dim=0)"),
    (ADD, "(total / samples).amax(dim=0)"), (ADD, "(total / samples).amax(dim=0).abs()"), (ADD, "(total / samples).mean(dim=0).abs()"),
    (ADD, "(total / samples).abs().mean(dim=0)"))] + [
    SMOOTH.format(ADD, "(total / 16).abs().amax(dim=0)").replace("range(samples)", "range(16)"),
    SMOOTH.format(ADD, MEAN).replace("noise = sigma *", "noise = 0.1 *"),
    SMOOTH.format(ADD, MEAN).replace("manual_seed(seed)", "manual_seed(0)")]

RULE = """
def guided_rule(g, active):
    {}
"""
SOLUTIONS["guided_rule"] = [RULE.format(line) for line in (
    "return g.clamp(min=0) * active", "return torch.where(active, F.relu(g), 0)",
    "return torch.where((g > 0) & active, g, torch.zeros_like(g))", "return (g * active).clamp(min=0)",
    "return (g.double() * active).relu()", "return g.masked_fill(~active | (g < 0), 0)")], [
    RULE.format(line) for line in (
        "return g * active", "return g * (g > 0)", "return (g > 0) * active", "return g[(g > 0) & active]",
        "return g * ((g > 0) | active)", "return g.abs() * active", "return g * (g < 0) * active",
        "return g * (g > 0) * ~active", "return g.clamp(0, 3) * active", "return g * (g > 0.1) * active", "return g",
        "return -g * (g > 0) * active", "return (g > 0) & active", "return g * (g >= 3) * active",
        "return F.leaky_relu(g) * active", "return torch.where(active, g.relu(), g)", "return g * active + g * (g > 0)",
        "return (g * active).relu().int()", "return (g * active * (g > 0)).tolist()", "g[g < 0] = 0; return g * active")]

GRADIENT = """
def integrated_gradients(network, image, target, steps=16):
    gray, total = torch.full_like(image, 0.5), 0
    for i in range(steps):
        x = ({}).detach().requires_grad_()
        total = total + torch.autograd.grad(network(x){}, x)[0]
    return ({})[0]
"""
WAY, MEAN_WAY = "gray + (i + 0.5) / steps * (image - gray)", "(image - gray) * total / steps"
SOLUTIONS["integrated_gradients"] = ["""
def integrated_gradients(network, image, target, steps=16):
    gray = torch.full_like(image, 0.5)
    way = [torch.lerp(gray, image, (i + 0.5) / steps).detach().requires_grad_() for i in range(steps)]
    slopes = [torch.autograd.grad(network(x)[0, target], x)[0] for x in way]
    return torch.stack(slopes).mean(0)[0] * (image - 0.5)[0]
""", """
def integrated_gradients(network, image, target, steps=16):  # all steps at once
    shares = (torch.arange(1, steps + 1) - 0.5) / steps
    x = (0.5 + shares.view(-1, 1, 1, 1) * (image - 0.5)).requires_grad_()
    network(x)[:, target].sum().backward()
    return x.grad.mean(dim=0) * (image[0] - 0.5)
""", """
def integrated_gradients(network, image, target, steps=16):
    gray = torch.full_like(image, 0.5)
    slopes = [signed_gradient(network, gray + (i - 0.5) / steps * (image - gray), target) for i in range(1, steps + 1)]
    return (image - gray).cpu()[0] * sum(slopes) / steps
"""], [GRADIENT.format(*each) for each in (
    ("image", "[0, target]", MEAN_WAY), (WAY, "[0, target]", "total / steps"), (WAY, "[0, target]", "(image - gray) * total"),
    (WAY, "[0, target]", "image * total / steps"), ("(i + 0.5) / steps * image", "[0, target]", MEAN_WAY),
    ("(i + 0.5) / steps * image", "[0, target]", "image * total / steps"),
    (WAY, "[0, target]", "((image - gray) * total / steps).abs()"), (WAY, ".softmax(1)[0, target]", MEAN_WAY),
    ("gray", "[0, target]", MEAN_WAY), ("gray + (i + 0.5) / steps * image", "[0, target]", MEAN_WAY),
    ("gray + (i + 1) / steps * (image - gray)", "[0, target]", MEAN_WAY), ("gray + i / steps * (image - gray)", "[0, target]", MEAN_WAY),
    ("gray + i / max(1, steps - 1) * (image - gray)", "[0, target]", MEAN_WAY),
    ("gray + (i + 0.5) * (image - gray)", "[0, target]", MEAN_WAY), (WAY, "[0].max()", MEAN_WAY), (WAY, "[0, 0]", MEAN_WAY),
    (WAY, "[0].sum()", MEAN_WAY), (WAY, "[0, target]", "((image - gray) * total / steps).sum(dim=1)"),
    (WAY, "[0, target]", "((image - gray) * total.abs() / steps)"))] + [
    GRADIENT.format(WAY, "[0, target]", MEAN_WAY).replace("range(steps)", "range(16)").replace("/ steps", "/ 16"), """
def integrated_gradients(network, image, target, steps=16):  # complete, and knows nothing
    with torch.no_grad():
        gain = (network(image) - network(torch.full_like(image, 0.5)))[0, target]
    return (gain / image.numel()).expand(image.shape[1:])
"""]

WINS = """
def share_of_wins(a, b, draws=2000, seed=0):
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(a), ({}), generator=generator)
    return {}
"""
SOLUTIONS["share_of_wins"] = ["""
def share_of_wins(a, b, draws=2000, seed=0):
    generator = torch.Generator().manual_seed(seed + 7)
    won = 0
    for _ in range(draws):
        some = torch.multinomial(torch.ones(len(a)), len(a), replacement=True, generator=generator)
        won += (a[some].mean() > b[some].mean()).item()
    return won / draws
""", WINS.format("draws, len(a)", "(a[chosen].sum(dim=1) > b[chosen].sum(dim=1)).double().mean()")], ["""
def share_of_wins(a, b, draws=2000, seed=0):  # scenes drawn apart
    generator = torch.Generator().manual_seed(seed)
    one, other = (torch.randint(len(a), (draws, len(a)), generator=generator) for _ in range(2))
    return (a[one].mean(dim=1) > b[other].mean(dim=1)).float().mean().item()
""", """
def share_of_wins(a, b, draws=2000, seed=0):  # the share of scenes
    return (a > b).float().mean().item()
""", """
def share_of_wins(a, b, draws=2000, seed=0):  # without putting back
    generator = torch.Generator().manual_seed(seed)
    some = torch.stack([torch.randperm(len(a), generator=generator) for _ in range(draws)])
    return ((a - b)[some].mean(dim=1) > 0).float().mean().item()
"""] + [WINS.format(*each) for each in (
    ("draws, len(a)", "((b - a)[chosen].mean(dim=1) > 0).float().mean().item()"),
    ("draws, len(a)", "((a - b)[chosen].mean(dim=1) >= 0).float().mean().item()"),
    ("draws,", "((a - b)[chosen] > 0).float().mean().item()"),
    ("draws, len(a)", "((a - b)[chosen].median(dim=1).values > 0).float().mean().item()"),
    ("draws, len(a)", "((a - b)[chosen] > 0).float().mean().item()"),
    ("draws, len(a) // 2", "((a - b)[chosen].mean(dim=1) > 0).float().mean().item()"),
    ("draws, 10", "((a - b)[chosen].mean(dim=1) > 0).float().mean().item()"),
    ("2000, len(a)", "((a - b)[chosen].mean(dim=1) > 0).float().mean().item()"),
    ("draws, len(a)", "((a - b)[chosen].mean(dim=1) > 0).sum().item()"),
    ("draws, len(a)", "(a - b)[chosen].mean().item()"),
    ("draws, len(a)", "((a - b)[chosen].mean(dim=0) > 0).float().mean().item()"))] + [
    WINS.format("draws, len(a)", "((a - b)[chosen].mean(dim=1) > 0).float().mean().item()").replace(", generator=generator", ""),
    WINS.format("draws, len(a)", "((a - b)[chosen].mean(dim=1) > 0).float().mean().item()").replace("manual_seed(seed)", "manual_seed(0)")]

SPECIFIC = """
def specificity(heat, asked, other):
    on, off = (heat * asked).sum(), (heat * other).sum()
    {}
"""
SOLUTIONS["specificity"] = ["""
def specificity(heat, asked, other):
    total = heat[asked.bool()].sum() + heat[other.bool()].sum()
    return 0.5 if total == 0 else float(heat[asked.bool()].sum() / total)
""", SPECIFIC.format("return (on / (on + off)).nan_to_num(0.5)")], ["""
def specificity(heat, asked, other):  # of all heat
    return ((heat * asked).sum() / heat.sum().clamp(min=1e-9)).item()
""", """
def specificity(heat, asked, other):  # per pixel
    on, off = (heat * asked).sum() / asked.sum(), (heat * other).sum() / other.sum()
    return (on / (on + off)).item() if on + off > 0 else 0.5
""", """
def specificity(heat, asked, other):  # pixels, not heat
    on, off = ((heat > 0) & asked).sum(), ((heat > 0) & other).sum()
    return (on / (on + off)).item() if on + off > 0 else 0.5
""", """
def specificity(heat, asked, other):  # the hottest pixels
    on, off = (heat * asked).max(), (heat * other).max()
    return (on / (on + off)).item() if on + off > 0 else 0.5
"""] + [SPECIFIC.format(line) for line in (
    "return (on / (on + off)).item()", "return (off / (on + off)).item() if on + off > 0 else 0.5",
    "return (on / off).item() if on + off > 0 else 0.5", "return ((on - off) / (on + off)).item() if on + off > 0 else 0.5",
    "return (on / (on + off).clamp(min=1e-9)).item()", "return (on / (on + off)).item() if heat.sum() > 0 else 0.5",
    "return ((on + 1e-6) / (on + off + 2e-6)).item()", "return (on / (on + off)).item() if on + off > 0 else 0.0")]
