"""Look at what happens inside a network."""

from contextlib import contextmanager


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
