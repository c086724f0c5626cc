"""Solutions of the exercises of notebook 01: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

SOLUTIONS["on_one_scale"] = ["""
def on_one_scale(weights):
    most = max(weights.max().item(), -weights.min().item())
    return (weights / most + 1) / 2
"""], ["""
def on_one_scale(weights):  # each to its own largest
    return 0.5 + 0.5 * weights / weights.abs().amax(dim=(1, 2, 3), keepdim=True)
""", """
def on_one_scale(weights):  # zero is not gray
    return (weights - weights.min()) / (weights.max() - weights.min())
""", """
def on_one_scale(weights):  # the largest, not the largest absolute value
    return (0.5 + 0.5 * weights / weights.max()).clamp(0, 1)
""", """
def on_one_scale(weights):  # in place
    return weights.div_(2 * weights.abs().max()).add_(0.5)
""", """
def on_one_scale(weights):  # not halved
    return (0.5 + weights / weights.abs().max()).clamp(0, 1)
"""]

SOLUTIONS["color_share"] = ["""
def color_share(weights):
    gray = 3 * weights.mean(dim=1).square().sum(dim=(1, 2))
    energy = weights.square().sum(dim=(1, 2, 3))
    return torch.where(energy > 0, 1 - gray / energy, 0)
"""], ["""
def color_share(weights):  # one number for all filters
    color = weights - weights.mean(dim=1, keepdim=True)
    return (color.pow(2).sum() / weights.pow(2).sum()).expand(len(weights))
""", """
def color_share(weights):  # a dead filter is no number
    color = weights - weights.mean(dim=1, keepdim=True)
    return color.pow(2).sum(dim=(1, 2, 3)) / weights.pow(2).sum(dim=(1, 2, 3))
""", """
def color_share(weights):  # the gray share
    gray = weights.mean(dim=1, keepdim=True).expand_as(weights)
    return gray.pow(2).sum(dim=(1, 2, 3)) / weights.pow(2).sum(dim=(1, 2, 3))
""", """
def color_share(weights):  # the mean over everything
    color = weights - weights.mean(dim=(1, 2, 3), keepdim=True)
    return color.pow(2).sum(dim=(1, 2, 3)) / weights.pow(2).sum(dim=(1, 2, 3))
""", """
def color_share(weights):  # the gray part counted once, not in three channels
    gray = weights.mean(dim=1)
    return 1 - gray.pow(2).sum(dim=(1, 2)) / weights.pow(2).sum(dim=(1, 2, 3))
""", """
def color_share(weights):  # absolute values, not squares
    color = weights - weights.mean(dim=1, keepdim=True)
    return color.abs().sum(dim=(1, 2, 3)) / weights.abs().sum(dim=(1, 2, 3))
"""]

SHUFFLED = """
def shuffled(network, order):
    twin = copy.deepcopy(network)
    twin[0].weight.data.copy_(network[0].weight[order])
    {}
    return twin
"""
SOLUTIONS["shuffled"] = ["""
def shuffled(network, order):
    twin = copy.deepcopy(network)
    state = network.state_dict()
    state["0.weight"], state["0.bias"] = state["0.weight"][order], state["0.bias"].index_select(0, order)
    state["3.weight"] = torch.stack([each[order] for each in state["3.weight"]])
    twin.load_state_dict(state)
    return twin
"""], [SHUFFLED.format(line) for line in (
    "twin[0].bias.data.copy_(network[0].bias[order])", "twin[3].weight.data.copy_(network[3].weight[:, order])",
    "twin[0].bias.data.copy_(network[0].bias[order]); twin[3].weight.data.copy_(network[3].weight[:, order.argsort()])",
    "twin[0].bias.data.copy_(network[0].bias[order]); twin[3].weight.data.copy_(network[3].weight[torch.randperm(20)])")] + ["""
def shuffled(network, order):  # does nothing
    return copy.deepcopy(network)
"""]

DIRECTION = '''
def direction(filter):
    gray = filter.mean(dim=0)
    power = torch.fft.fft2({gray}, s=(32, 32)).abs() ** 2
    row, column = divmod(power.argmax().item(), 32)
    v, u = torch.fft.fftfreq(32)[row].item(), torch.fft.fftfreq(32)[column].item()
    return {angle}
'''
SOLUTIONS["direction"] = ["""
def direction(filter):
    gray = filter.mean(dim=0)
    power = torch.fft.fft2(gray - gray.mean(), s=(32, 32)).abs()
    v, u = ((i + 16) % 32 - 16 for i in divmod(power.argmax().item(), 32))
    angle = math.degrees(math.atan2(v, u))
    return angle + 180 if angle < 0 else angle - 180 if angle >= 180 else angle
"""], [DIRECTION.format(**({"gray": "gray - gray.mean()", "angle": "math.degrees(math.atan2(v, u)) % 180"} | change)) for change in (
    {"angle": "(math.degrees(math.atan2(-v, u))) % 180"}, {"angle": "math.degrees(math.atan2(u, v)) % 180"},
    {"angle": "math.atan2(v, u) % math.pi"}, {"angle": "(math.degrees(math.atan2(v, u)) + 90) % 180"},
    {"angle": "math.degrees(math.atan2(row, column)) % 180"}, {"gray": "gray"}, {"gray": "filter[0] - filter[0].mean()"})] + ["""
def direction(filter):  # the mean is left in, only its frequency is not looked at
    power = torch.fft.fft2(filter.mean(dim=0), s=(32, 32)).abs() ** 2
    power[0, 0] = 0
    row, column = divmod(power.argmax().item(), 32)
    v, u = torch.fft.fftfreq(32)[row].item(), torch.fft.fftfreq(32)[column].item()
    return math.degrees(math.atan2(v, u)) % 180
""", """
def direction(filter):  # not padded
    gray = filter.mean(dim=0)
    k = len(gray)
    row, column = divmod(torch.fft.fft2(gray - gray.mean()).abs().argmax().item(), k)
    v, u = torch.fft.fftfreq(k)[row].item(), torch.fft.fftfreq(k)[column].item()
    return math.degrees(math.atan2(v, u)) % 180
"""]
