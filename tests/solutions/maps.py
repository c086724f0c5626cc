"""Solutions of the exercises of notebook 06: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

BOX = """
def bounding_box(heat, share=0.4):
    rows, columns = torch.where({})
    left, top, right, bottom = columns.min().item(), rows.min().item(), columns.max().item(), rows.max().item()
    return {}
"""
HOT, SIDES = "heat >= share * heat.max()", "(left, top, right + 1, bottom + 1)"
SOLUTIONS["bounding_box"] = ["""
def bounding_box(heat, share=0.4):
    hot = heat >= share * heat.max()
    across, down = hot.any(dim=0).nonzero().flatten().tolist(), hot.any(dim=1).nonzero().flatten().tolist()
    return across[0], down[0], across[-1] + 1, down[-1] + 1
""", """
def bounding_box(heat, share=0.4):
    places = (heat / heat.max() >= share).nonzero()
    (top, left), (bottom, right) = places.amin(dim=0), places.amax(dim=0) + 1
    return left, top, right, bottom
"""], [BOX.format(*each) for each in (
    ("heat > 0", SIDES), ("heat >= share", SIDES), ("heat >= 0.4 * heat.max()", SIDES), ("heat > share * heat.max()", SIDES),
    ("heat >= heat.flatten().quantile(1 - share)", SIDES), ("heat == heat.max()", SIDES), (HOT, "(left, top, right, bottom)"),
    (HOT, "(top, left, bottom + 1, right + 1)"), (HOT, "(left, top, right + 1 - left, bottom + 1 - top)"),
    (HOT, "(left, right + 1, top, bottom + 1)"), (HOT, "(left, top, right + 1)"))] + ["""
def bounding_box(heat, share=0.4):  # the first and the last pixel in the order of reading
    places = torch.argwhere(heat >= share * heat.max())
    (top, left), (bottom, right) = places[0].tolist(), places[-1].tolist()
    return left, top, right + 1, bottom + 1
"""]

SOLUTIONS["cam_weight_over_alpha"] = ["""
def cam_weight_over_alpha(height, width):
    return torch.ones(height, width).sum().item()
"""], [f"""
def cam_weight_over_alpha(height, width):
    return {factor}
""" for factor in ("1", "1 / (height * width)", "height", "width", "64", "height + width", "height ** 2", "(height * width) ** 0.5")]

CAM = """
def grad_cam(network, layer, image, target):
    with activations(network, [layer]) as seen:
        score = network({image}){score}
    A = seen[layer]
    (gradient,) = torch.autograd.grad(score, A)
    alpha = gradient.mean(dim=(2, 3), keepdim=True)
    heat = {heat}[0]
    return {result}
"""
MAP = dict(image="image.detach().clone().requires_grad_()", score="[0, target]", heat="F.relu((alpha * A).sum(dim=1))",
           result="upsample(heat.detach(), image.shape[-2:])")
SOLUTIONS["grad_cam"] = ["""
def grad_cam(network, layer, image, target):
    with activations(network, layer) as seen:
        logits = network(image.clone().requires_grad_())
    slope = torch.autograd.grad(logits[:, target].sum(), seen[layer])[0][0]
    weighted = torch.tensordot(slope.flatten(1).mean(1), seen[layer][0].detach(), dims=1)
    return F.interpolate(weighted.clamp(min=0)[None, None], size=image.shape[-2:], mode="bilinear")[0, 0]
""", """
def grad_cam(network, layer, image, target):
    kept = []
    with network.layers[layer].register_forward_hook(lambda module, given, output: kept.append(output)):
        score = network(image.clone().requires_grad_())[0, target]
    kept[0].retain_grad()
    score.backward()
    heat = sum(slope.mean() * each for slope, each in zip(kept[0].grad[0], kept[0].detach()[0]))
    return upsample(torch.where(heat > 0, heat, 0), image.shape[-2:])
"""], [CAM.format(**(MAP | change)) for change in (
    dict(heat="(alpha * A).sum(dim=1)"), dict(heat="F.relu(alpha * A).sum(dim=1)"), dict(heat="F.relu((gradient * A).sum(dim=1))"),
    dict(heat="F.relu((gradient.sum(dim=(2, 3), keepdim=True) * A).sum(dim=1))"), dict(heat="(F.relu(alpha) * A).sum(dim=1)"),
    dict(heat="F.relu((F.relu(alpha) * A).sum(dim=1))"), dict(heat="F.relu((alpha * A).mean(dim=1))"), dict(heat="(alpha * A).sum(dim=1).abs()"),
    dict(heat="F.relu((gradient.mean(dim=1, keepdim=True) * A).sum(dim=1))"), dict(heat="F.relu(gradient.sum(dim=1))"), dict(score="[0].max()"),
    dict(score=".sum()"), dict(score=".softmax(1)[0, target]"), dict(score=".log_softmax(1)[0, target]"), dict(image="image"),
    dict(result="heat.detach()"), dict(result="upsample(heat, image.shape[-2:])"), dict(result="upsample(heat.detach(), (128, 128))"),
    dict(result="upsample((heat / heat.max()).detach(), image.shape[-2:])"),
    dict(heat="(alpha * A).sum(dim=1)", result="F.relu(upsample(heat.detach(), image.shape[-2:]))"), dict(heat="F.relu(A.sum(dim=1))"),
    dict(image="image.requires_grad_()"), dict(heat="F.relu((alpha.abs() * A).sum(dim=1))"), dict(heat="F.relu(-(alpha * A).sum(dim=1))"),
    dict(heat="F.relu((F.relu(gradient).mean(dim=(2, 3), keepdim=True) * A).sum(dim=1))"), dict(result="upsample(heat.detach(), image.shape[-2:]).numpy()"),
    dict(heat="F.relu((gradient.amax(dim=(2, 3), keepdim=True) * A).sum(dim=1))"), dict(result="upsample(heat.detach(), image.shape[-2:])[None]"))] + ["""
def grad_cam(network, layer, image, target):  # a hook is left behind
    kept = []
    network.layers[layer].register_forward_hook(lambda module, given, output: kept.append(output))
    score = network(image.clone().requires_grad_())[0, target]
    (gradient,) = torch.autograd.grad(score, kept[-1])
    heat = F.relu((gradient.mean(dim=(2, 3), keepdim=True) * kept[-1]).sum(dim=1))[0].detach()
    return upsample(heat, image.shape[-2:])
""", """
def grad_cam(network, layer, image, target):  # the network is left in the mode for training
    with activations(network.train(), [layer]) as seen:
        score = network(image.clone().requires_grad_())[0, target]
    (gradient,) = torch.autograd.grad(score, seen[layer])
    heat = F.relu((gradient.mean(dim=(2, 3), keepdim=True) * seen[layer]).sum(dim=1))[0].detach()
    return upsample(heat, image.shape[-2:])
""", """
def grad_cam(network, layer, image, target):  # the network is thawed
    network.requires_grad_()
    with activations(network, [layer]) as seen:
        score = network(image)[0, target]
    (gradient,) = torch.autograd.grad(score, seen[layer])
    heat = F.relu((gradient.mean(dim=(2, 3), keepdim=True) * seen[layer]).sum(dim=1))[0].detach()
    return upsample(heat, image.shape[-2:])
""", """
def grad_cam(network, layer, image, target):  # always the last layer
    with activations(network, ["conv5"]) as seen:
        score = network(image.detach().clone().requires_grad_())[0, target]
    (gradient,) = torch.autograd.grad(score, seen["conv5"])
    heat = F.relu((gradient.mean(dim=(2, 3), keepdim=True) * seen["conv5"]).sum(dim=1))[0].detach()
    return upsample(heat, image.shape[-2:])
""", """
def grad_cam(network, layer, image, target):  # without a graph
    with activations(network, [layer]) as seen, torch.no_grad():
        score = network(image.clone().requires_grad_())[0, target]
    return torch.autograd.grad(score, seen[layer])[0]
""", """
def grad_cam(network, layer, image, target):  # the gradient at a copy
    with activations(network, [layer]) as seen:
        score = network(image.detach().clone().requires_grad_())[0, target]
    return torch.autograd.grad(score, seen[layer].detach().requires_grad_())[0]
""", """
def grad_cam(network, layer, image, target):  # activations keep no gradient by themselves
    with activations(network, [layer]) as seen:
        score = network(image.detach().clone().requires_grad_())[0, target]
    score.backward()
    return seen[layer].grad.mean(dim=(2, 3))
"""]

LAYER = """
def layer_cam(network, layer, image, target):
    with activations(network, [layer]) as seen:
        score = network({})[0, target]
    A = seen[layer]
    (gradient,) = torch.autograd.grad(score, A)
    alpha = gradient.mean(dim=(2, 3), keepdim=True)
    heat = {}
    return {}
"""
COPY, SUM, UP = "image.detach().clone().requires_grad_()", "F.relu((F.relu(gradient) * A).sum(dim=1))", "upsample(heat[0].detach(), image.shape[-2:])"
SOLUTIONS["layer_cam"] = ["""
def layer_cam(network, layer, image, target):
    with activations(network, [layer]) as seen:
        scores = network(image.detach().clone().requires_grad_())
    slope, = torch.autograd.grad(scores[:, target].sum(), seen[layer])
    weighted = slope[0].clamp(min=0) * seen[layer][0].detach()
    return F.interpolate(weighted.sum(0).clamp(min=0)[None, None], size=image.shape[-2:], mode="bilinear", align_corners=False)[0, 0]
"""], [LAYER.format(COPY, *each) for each in (
    ("F.relu((alpha * A).sum(dim=1))", UP), ("F.relu((gradient * A).sum(dim=1))", UP), ("F.relu(gradient).sum(dim=1)", UP),
    (SUM, "heat[0].detach()"), (SUM, "upsample(heat[0], image.shape[-2:])"), ("F.relu((F.relu(-gradient) * A).sum(dim=1))", UP),
    ("(gradient.abs() * A).sum(dim=1)", UP), ("F.relu((gradient.abs() * A).sum(dim=1))", UP), ("2 * " + SUM, UP), (SUM + " / A.shape[1]", UP),
    ("(F.relu(gradient).amax(dim=(2, 3), keepdim=True) * A).sum(dim=1)", UP), ("F.relu((F.relu(gradient).amax(dim=(2, 3), keepdim=True) * A).sum(dim=1))", UP),
    ("F.relu(gradient * A).sum(dim=1)", UP), ("(F.relu(gradient) * A).sum(dim=1)", UP), ("F.relu((F.relu(alpha) * A).sum(dim=1))", UP),
    ("F.relu((F.relu(gradient).mean(dim=(2, 3), keepdim=True) * A).sum(dim=1))", UP), ("F.relu((F.relu(gradient) * A).amax(dim=1))", UP))] + [
    LAYER.format("image", SUM, UP), LAYER.format(COPY, SUM, UP).replace("[0, target]", "[0].max()")]

AGAINST = """
def counterfactual_map(network, layer, image, target):
    with activations(network, [layer]) as seen:
        score = network(image.detach().clone().requires_grad_())[0, target]
    (gradient,) = torch.autograd.grad(score, seen[layer])
    alpha, A = gradient.mean(dim=(2, 3), keepdim=True), seen[layer]
    return upsample(({})[0].detach(), image.shape[-2:])
"""
SOLUTIONS["counterfactual_map"] = [AGAINST.format("(alpha * A).sum(dim=1).clamp(max=0).neg()")], [AGAINST.format(heat) for heat in (
    "F.relu((alpha * A).sum(dim=1))", "F.relu(-F.relu((alpha * A).sum(dim=1)))", "-(alpha * A).sum(dim=1)", "(alpha * A).sum(dim=1).abs()",
    "(F.relu(-alpha) * A).sum(dim=1)", "F.relu((F.relu(-alpha) * A).sum(dim=1))", "F.relu(-alpha * A).sum(dim=1)",
    "F.relu(-(gradient * A).sum(dim=1))", "F.relu(-(alpha * A).mean(dim=1))",
    "F.relu((alpha * A).sum(dim=1)).max() - F.relu((alpha * A).sum(dim=1))")] + ["""
def counterfactual_map(network, layer, image, target):  # Grad-CAM upside down
    heat = grad_cam(network, layer, image, target)
    return heat.max() - heat
""", """
def counterfactual_map(network, layer, image, target):  # turned after Grad-CAM's ReLU
    return -grad_cam(network, layer, image, target)
""", """
def counterfactual_map(network, layer, image, target):  # what speaks for all other classes
    others = [grad_cam(network, layer, image, c) for c in range(3) if c != target]
    return torch.stack(others).sum(dim=0)
""", AGAINST.format("F.relu(-(alpha * A).sum(dim=1))").replace(".detach(), image.shape", ", image.shape")]
