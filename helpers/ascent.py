"""Change a picture until a network says what is wanted: the one loop behind class images, attacks, inversion, style."""

import os
import warnings
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from tqdm.auto import tqdm


class Ascent(NamedTuple):
    """What `optimize_image` found.

    image: the last picture, or the best if the loop was interrupted; shaped as the start.
    values: the objective before each step; frames: the pictures that were kept to look at.
    calls: how often the objective was computed; L-BFGS does so more than once a step.
    verdict: why L-BFGS stopped, in SciPy's words; "" of the other optimizers and of an interrupted loop.
    """

    image: torch.Tensor
    values: list
    frames: list
    calls: int
    verdict: str = ""


def optimize_image(start, objective, steps, lr=0.02, optimizer="gradient", after=None, every=None, limits=(0, 1)):
    """Raise `objective(image)` step by step, from `start`; notebook 07 builds this loop up. A loss is its own negative.

    start: a picture [3, H, W], a batch, or anything else that the objective reads (a generator's code, say); it stays
        as it is.
    objective: a function of a tensor like `start` that returns a scalar.
    optimizer: "gradient" scales each gradient so that the pixels of a picture change by `lr` (root mean square) in a
        step; "adam" is Adam with rate `lr` (Kingma & Ba, ICLR 2015); "lbfgs" is SciPy's L-BFGS-B (Byrd, Lu, Nocedal &
        Zhu, SIAM Journal on Scientific Computing 1995), which finds its step lengths itself and needs an objective
        without chance. From a picture on which it finds no way up (exact gray, say, may sit on dead ReLUs) it returns
        at once.
    after: a function (image, step) -> image that is applied after each step; the step's gradient is `image.grad`. Not
        with L-BFGS.
    every: keep a frame after each `every` steps.
    limits: (least, greatest) value of a pixel, or None.
    Ctrl-C (or the stop button) ends the loop and returns the best picture so far.
    Warns with SciPy's words (RuntimeWarning) if L-BFGS gives up before `steps`, or does not leave the start.
    Raises ValueError if an argument is none of these, or if the objective is no scalar or not finite.
    """
    if optimizer not in ("gradient", "adam", "lbfgs"):
        raise ValueError(f"optimizer: 'gradient', 'adam' or 'lbfgs' is needed, got {optimizer!r}")
    if optimizer == "lbfgs" and after is not None:
        raise ValueError("after: L-BFGS can't go on from a picture that was changed behind its back")
    climb = _Climb(start, objective, steps, every)
    try:
        with climb.bar:
            if optimizer == "lbfgs":
                _lbfgs(climb, limits)
            else:
                _first_order(climb, optimizer, lr, after, limits)
    except KeyboardInterrupt:
        climb.image = climb.best
    return Ascent(climb.image, climb.values, climb.frames, climb.calls, climb.verdict)


class _Climb:
    """Where a climb stands: the picture, the best one, and what is kept of the way."""

    def __init__(self, start, objective, steps, every):
        self.objective, self.steps, self.every = objective, steps, every
        self.image = self.best = start.detach().clone()
        self.highest, self.values, self.frames, self.calls, self.verdict = -float("inf"), [], [], 0, ""
        # tqdm.notebook does not look at the environment itself
        self.bar = tqdm(total=steps, leave=False, delay=1, disable="TQDM_DISABLE" in os.environ)

    def slope(self, image):
        """The objective at a picture, and its gradient."""
        image = image.detach().requires_grad_()
        value = self.objective(image)
        if value.dim() or not value.isfinite():
            raise ValueError(
                f"objective: a finite scalar is needed, got {value.detach().cpu()} at step {len(self.values)}")
        (gradient,) = torch.autograd.grad(value, image)
        self.calls += 1
        if value.item() > self.highest:
            self.highest, self.best = value.item(), image.detach().clone()
        return value.item(), gradient

    def step(self, value, image):
        """Note a step: the objective before it, and the picture after it."""
        self.values.append(value)
        self.image = image
        if self.every and len(self.values) % self.every == 0:
            self.frames.append(image.detach().clone())
        self.bar.update()


def _first_order(climb, optimizer, lr, after, limits):
    image = climb.image
    rule = {"gradient": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]([image], lr=lr, maximize=True)
    for step in range(climb.steps):
        value, image.grad = climb.slope(image)
        if optimizer == "gradient":
            one_picture = tuple(range(-min(3, image.dim()), 0))
            image.grad = image.grad / image.grad.square().mean(one_picture, keepdim=True).sqrt().clamp(min=1e-20)
        rule.step()
        if limits is not None:
            image.clamp_(*limits)
        if after is not None:
            image.copy_(after(image, step))
        climb.step(value, image)
    image.grad = None


_CONVERGED, _ALL_STEPS = 0, 1  # SciPy's status


def _lbfgs(climb, limits):
    start, value = climb.image, None

    def picture(pixels):
        return torch.from_numpy(pixels).to(start.dtype).to(start.device).view(start.shape)

    def fall(pixels):
        height, gradient = climb.slope(picture(pixels))
        return -height, -gradient.contiguous().flatten().cpu().double().numpy()

    def note(intermediate_result):
        nonlocal value
        before, value = value, -intermediate_result.fun
        climb.step(before, picture(intermediate_result.x))

    pixels = start.contiguous().flatten().cpu().double().numpy()
    value = -fall(pixels)[0]
    bounds = None if limits is None else [limits] * len(pixels)
    found = minimize(fall, pixels, jac=True, method="L-BFGS-B", bounds=bounds, callback=note,
                     options={"maxiter": climb.steps, "maxfun": np.iinfo(np.int32).max, "ftol": 0, "gtol": 0})
    climb.verdict = found.message
    gave_up = found.status not in (_CONVERGED, _ALL_STEPS)
    if climb.steps and (gave_up or climb.image.equal(start)):
        warnings.warn(f"L-BFGS stopped after {len(climb.values)} of {climb.steps} steps: {found.message}",
                      RuntimeWarning, stacklevel=4)
