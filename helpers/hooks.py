"""Look at what happens inside a network."""

from contextlib import contextmanager

from torch import nn


@contextmanager
def activations(network, layers):
    """Collect what the named layers put out while the block runs: yields {name: tensor}, the last call's.

    The tensors are part of the graph, so gradients can be taken with respect to them. The hooks are gone after the
    block, whatever happens in it. Raises KeyError if the network has no such layer.
    """
    modules, layers = network.layers, [layers] if isinstance(layers, str) else layers
    unknown = [name for name in layers if name not in modules]
    if unknown:
        raise KeyError(f"layers: no layer {unknown[0]!r}; choose from {', '.join(modules)}")
    seen = {}
    hooks = [
        modules[name].register_forward_hook(lambda module, inputs, output, name=name: seen.update({name: output}))
        for name in layers
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def guided_relus(network):
    """Let only positive gradients pass back through each ReLU while the block runs: the gradient becomes guided backprop's
    (Springenberg et al., ICLR Workshop 2015). Yields the number of ReLUs; they are as before after the block.

    Forward and backward pass both belong into the block. Raises ValueError if the network has no ReLU module.
    """

    def guide(module, inputs, output):
        if output.requires_grad:
            output.register_hook(lambda gradient: gradient.clamp(min=0))

    hooks = [module.register_forward_hook(guide) for module in network.modules() if isinstance(module, nn.ReLU)]
    if not hooks:
        raise ValueError("network: it has no nn.ReLU whose gradient could be guided")
    try:
        yield len(hooks)
    finally:
        for hook in hooks:
            hook.remove()
