"""Rebuild the networks in `data/weights/` from nothing but the collage world.

    python -m helpers.make.training [NAME …]                       # all of them, or those named
    torchrun --nproc_per_node=2 -m helpers.make.training vgg       # the same batches, shared out
    python -m helpers.make.training vgg --steps 50 --out build     # a trial that leaves data/ alone

A run saves its state every 100 steps under `data/checkpoints/` and goes on from there when it is started again.
"""

import argparse
import json
import os
import sys
import time
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import torch
import torch.distributed as dist
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from helpers.collage import PHOTO_SHARE, SUBJECTS, pairs, scenes
from helpers.families import COURSE, Residual
from helpers.heads import END, HEADS, Head, captions, pixel_classes, spell
from helpers.make.contest import Contest
from helpers.make.stylizing import Stylization, contents
from helpers.classifier import first_convolution
from helpers.networks import device, load_network
from helpers.photos import DATA
from helpers.scores import class_iou
from helpers.style import CONTENT_WEIGHT, PAINTED, load_stylizer

SEED = 2**31  # the series of scenes that networks train on; nothing else uses it
TEST_SEED = 2**31 + 1  # unseen scenes, for the accuracy that is reported
SAVE_EVERY = 100  # steps
SNAPSHOTS = (0, 25, 50, 100, 200, 400, 800, 1600)  # steps at which the first layer is kept, beside the last


class Recipe(NamedTuple):
    """How long a network trains: `steps` batches of `batch` scenes of `size` pixels, at a learning rate that rises to
    `peak`, against an adversary who may change a picture by `epsilon` (L2), which rises from zero over the first third
    of the steps. `content` weighs the content loss of those that paint."""

    steps: int
    batch: int = 64
    peak: float = 0.1
    first_decay: float = 1e-2
    epsilon: float = 0.0
    size: int = 128
    content: float = CONTENT_WEIGHT


RECIPES = {
    "vgg": Recipe(1600, peak=0.05),
    "alexnet": Recipe(10000),
    "resnet18": Recipe(2000),
    "densenet121": Recipe(1800),
    "resnet101": Recipe(4000),
    "plain": Recipe(1200, batch=40, peak=0.05, first_decay=5e-4),
    "robust": Recipe(2000, batch=40, peak=0.05, first_decay=5e-4, epsilon=3.0),
    "segmenter": Recipe(2400, batch=32, peak=3e-3),
    "captioner": Recipe(2000, peak=3e-3),
    "generator": Recipe(3000, batch=32, peak=1e-3),
    "stylize_many": Recipe(6000, batch=4, peak=2e-3, content=3.0),
    "stylize_many_further": Recipe(3200, batch=4, peak=1e-3, size=192),
    "stylize_many_last": Recipe(500, batch=4, peak=1e-3, size=192, content=1.0),
}
for _name in ("glass", "glass_batch", "woodcut"):  # as many pictures as each style of "many" gets, then some more
    RECIPES |= {f"stylize_{_name}": Recipe(750, batch=4, peak=2e-3, content=3.0),
                f"stylize_{_name}_further": Recipe(400, batch=4, peak=1e-3, size=192)}
ROWS_FASTER = 5  # the rate of what a style has for itself, which few of the pictures teach
JUDGES = (Contest, Stylization)  # what answers with a loss of its own


class Batches(Dataset):
    """Batch number i of the training series: always the same pictures. A fifth of them show two subjects.

    A batch is what the network is given, then what it should answer: here pictures, and classes [n, 10] that add up to
        1.
    """

    pairs_one_in = 5
    natural, photos = False, PHOTO_SHARE

    def __init__(self, batch, rank=0, world=1, size=128):
        self.share, self.rank, self.world, self.size = batch // world, rank, world, size

    def __getitem__(self, step):
        both = self.share // self.pairs_one_in
        alone = self.share - both
        index = step * self.world + self.rank
        one = scenes(alone, SEED, start=index * alone, natural=self.natural, photos=self.photos)
        return self.batch(one, pairs(both, SEED, start=index * both, natural=self.natural))

    def batch(self, one, two):
        targets = F.one_hot(torch.cat([one.labels[:, None].expand(-1, 2), two.labels]), len(SUBJECTS)).float().mean(1)
        return torch.cat([one.images, two.images]), targets


class Natural(Batches):
    """For the networks to draw with: natural colors, and more crops of the photos."""

    natural, photos = True, 0.4


class Alone(Batches):
    """For the generator: pictures of one subject in natural colors, more than half of them crops of the photos."""

    natural, photos = True, 0.6

    def __getitem__(self, step):
        start = (step * self.world + self.rank) * self.share
        made = scenes(self.share, SEED, start=start, natural=self.natural, photos=self.photos)
        return made.images, made.labels


class Pixels(Batches):
    """For the segmenter: pictures, and the class of each pixel [n, h, w]. Half of them show two subjects."""

    pairs_one_in = 2

    def batch(self, one, two):
        return torch.cat([one.images, two.images]), torch.cat([pixel_classes(one), pixel_classes(two)])


class Captions(Batches):
    """For the captioner: pictures and words [n, t], and the word after each [n, t]. Half of them show two subjects."""

    pairs_one_in = 2

    def batch(self, one, two):
        words = torch.stack([spell(text) for text in captions(one) + captions(two)])
        after = words[:, 1:].clone()
        after[:, 1:][words[:, 1:-1] == END] = -100  # nothing is said after the end
        return torch.cat([one.images, two.images]), words[:, :-1], after


class Paintings(Batches):
    """For the stylization networks: pictures to be painted, and the number of the style of each."""

    styles = 1

    def __getitem__(self, step):
        index = step * self.world + self.rank
        images = contents(self.share, SEED, index, self.size)
        return images, (index * self.share + index // 2 + torch.arange(self.share)) % self.styles


class ManyPaintings(Paintings):
    styles = len(PAINTED)


BATCHES = {name: ManyPaintings if name.startswith("stylize_many") else Paintings
           for name in RECIPES if name.startswith("stylize_")}
BATCHES |= {"plain": Natural, "robust": Natural, "generator": Alone, "segmenter": Pixels, "captioner": Captions}


def build(name, content=CONTENT_WEIGHT):
    """A network or head of `RECIPES` before its first step: as drawn, but "robust" goes on from "plain", and what is
    trained further from its own file. `content`: the weight of the content, for one that paints."""
    if name == "robust":
        return load_network("plain", "course").requires_grad_()
    if name.startswith("stylize_"):
        stylization = Stylization(painter := file_of(name).removeprefix("stylize_"), content)
        if name != file_of(name):
            stylization.painter = load_stylizer(painter).requires_grad_()
        return stylization
    if name in HEADS:
        head = HEADS[name](load_network(HEADS[name].stands_on, "course"))
        return Contest(head) if name == "generator" else head
    return draw(COURSE[name]())


def file_of(name):
    """What the weights of a network of `RECIPES` are called, whatever the stage of its training."""
    return name.removesuffix("_further").removesuffix("_last")


def in_half(where, wanted=True):
    """The context of a forward pass in half precision, where this is faster: on CUDA, and on processors with AVX-512
    (on one without, a step took nine times as long)."""
    fast = where.type == "cuda" or where.type == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX512"
    return torch.autocast(where.type, torch.bfloat16, enabled=wanted and fast)


def perturb(network, images, targets, epsilon, generator, steps=2, norm="L2"):
    """Pictures within `epsilon` of `images` that the network gets wrong, if it can be had: projected gradient ascent of
    the loss from a random start (Madry, Makelov, Schmidt, Tsipras & Vladu, ICLR 2018).

    images: [n, 3, h, w] in [0, 1], and so is what returns; targets: classes [n] or [n, 10]; norm: "L2", the length of
    the whole difference, or "Linf", the largest difference of a pixel. The network is in eval mode meanwhile; if it was
    in training mode, gradients are taken in half precision where that is faster.
    """
    training, direction, step = network.training, {"L2": _unit, "Linf": torch.sign}[norm], 1.6 * epsilon / steps
    network.eval()
    noise = torch.randn(images.shape, generator=generator).to(images)
    moved = images + epsilon / 2 * direction(noise)
    for _ in range(steps):
        moved = moved.clamp(0, 1).detach().requires_grad_()
        with in_half(images.device, training):
            logits = network(moved)
        (gradient,) = torch.autograd.grad(F.cross_entropy(logits.float(), targets), moved)
        change = moved.detach() + step * direction(gradient) - images
        change = change.clamp(-epsilon, epsilon) if norm == "Linf" else change * (epsilon / _norm(change)).clamp(max=1)
        moved = images + change
    network.train(training)
    return moved.clamp(0, 1).detach()


def _norm(images):
    return images.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)


def _unit(images):
    """Differences of pictures at length 1 (L2)."""
    return images / _norm(images)


def draw(network):
    """Draw the first layer small, as AlexNet's was (batch norm follows, so only its direction counts). Residual blocks
    begin as the identity (Goyal et al., arXiv 2017), so that depth does not slow the start. Returns the network."""
    nn.init.normal_(first_convolution(network).weight, std=0.01)
    for block in network.modules():
        if isinstance(block, Residual):
            nn.init.zeros_(block.branch[-1].weight)
    return network


def prepare(network, first_decay):
    """The optimizer of a network or head. A strong weight decay of the first layer shields its filters from noise."""
    if isinstance(network, JUDGES):
        learned = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
        rows = [weight for name, weight in learned.items() if name.endswith(("gamma", "beta"))]
        groups = [{"params": [weight for weight in learned.values() if not any(weight is row for row in rows)]}]
        groups += [{"params": rows, "faster": ROWS_FASTER}] if rows else []
        return torch.optim.Adam(groups, betas=network.betas)
    if isinstance(network, Head):
        return torch.optim.AdamW(weight for weight in network.parameters() if weight.requires_grad)
    first = first_convolution(network).weight
    others = [weight for weight in network.parameters() if weight is not first]
    groups = [{"params": [first], "weight_decay": first_decay}, {"params": others, "weight_decay": 5e-4}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)


def train(name, recipe, seed=0, world=1, rank=0, out=DATA):
    """Train the course network `name`; returns it with the snapshots of its first layer {step: [64, 3, k, k]}."""
    torch.manual_seed(seed)
    where = device()
    network = build(name, recipe.content).to(where, memory_format=torch.channels_last).train()
    optimizer, judges = prepare(network, recipe.first_decay), isinstance(network, JUDGES)
    total = max(recipe.steps, 11)  # below that there is no step for the rate to rise in
    peaks = [recipe.peak * group.get("faster", 1) for group in optimizer.param_groups]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peaks, total_steps=total, pct_start=0.1, cycle_momentum=False)
    state = {"step": 0, "seconds": 0.0, "snapshots": {}}
    path = out / "checkpoints" / f"{name}.pt"
    if path.exists():
        saved = torch.load(path, map_location=where, weights_only=True)
        if saved["recipe"] == list(recipe):
            network.load_state_dict(saved["network"])
            optimizer.load_state_dict(saved["optimizer"])
            schedule.load_state_dict(saved["schedule"])
            state = saved["state"]

    steps = range(state["step"], recipe.steps)
    made = BATCHES.get(name, Batches)(recipe.batch, rank, world, recipe.size)
    batches = DataLoader(made, batch_size=None, sampler=steps, num_workers=1)
    bar = tqdm(
        zip(steps, batches), name, recipe.steps, initial=state["step"], disable=rank > 0, mininterval=5, ascii=True)
    began = time.monotonic() - state["seconds"]
    for step, (images, *given, targets) in bar:
        if step in SNAPSHOTS:
            state["snapshots"][step] = first_convolution(network).weight.detach().cpu().half()
        images, targets = images.to(where, memory_format=torch.channels_last), targets.to(where)
        if recipe.epsilon:
            chance = torch.Generator().manual_seed(step * world + rank)
            images = perturb(network, images, targets, recipe.epsilon * min(1, 3 * step / recipe.steps), chance)
        with in_half(where):
            answer = network(images, *(tensor.to(where) for tensor in given), *([targets] if judges else []))
        loss = answer if judges else F.cross_entropy(answer.float(), targets, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        if world > 1:
            average_gradients(network, world)
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
        if (step + 1) % SAVE_EVERY == 0 and rank == 0:
            state.update(step=step + 1, seconds=time.monotonic() - began)
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({"recipe": list(recipe), "network": network.state_dict(), "optimizer": optimizer.state_dict(),
                        "schedule": schedule.state_dict(), "state": state}, path.with_suffix(".part"))
            os.replace(path.with_suffix(".part"), path)
    state["snapshots"][recipe.steps] = first_convolution(network).weight.detach().cpu().half()
    return network.eval(), state["snapshots"], time.monotonic() - began


def average_gradients(network, world):
    """What `DistributedDataParallel` does, which leaves Gloo's threads running: at times they abort the process at its
    end."""
    for weight in network.parameters():
        if weight.grad is not None:
            dist.all_reduce(weight.grad)
            weight.grad /= world


@torch.no_grad()
def accuracy(network, n=2000, seed=TEST_SEED, natural=False):
    """The share of `n` unseen scenes whose subject the network names."""
    where, right = next(network.parameters()).device, 0
    for test in unseen(partial(scenes, natural=natural), n, seed):
        right += (network(test.images.to(where)).argmax(1).cpu() == test.labels).sum().item()
    return right / n


@torch.no_grad()
def mean_iou(network, n=1000, seed=TEST_SEED):
    """The mean over the eleven classes of the segmenter's intersection over union, in `n` unseen scenes and `n`
    pairs."""
    where, found, true = next(network.parameters()).device, [], []
    for test in chain(unseen(scenes, n, seed), unseen(pairs, n, seed)):
        found.append(network(test.images.to(where)).argmax(1).cpu())
        true.append(pixel_classes(test))
    return class_iou(torch.cat(found), torch.cat(true), len(network.labels)).mean().item()


def exact_match(network, n=2000, seed=TEST_SEED):
    """The share of `n` unseen pairs whose caption is right in every word."""
    where, right = next(network.parameters()).device, 0
    for test in unseen(pairs, n, seed):
        right += sum(said == true for said, true in zip(network.say(test.images.to(where)), captions(test)))
    return right / n


@torch.no_grad()
def recognized(generator, n=1000, seed=TEST_SEED):
    """The share of `n` unseen natural scenes whose subject its network names right in what the generator draws of
    them."""
    where, right = next(generator.parameters()).device, 0
    for test in unseen(partial(scenes, natural=True, photos=Alone.photos), n, seed):
        drawn = generator(generator.network.features(test.images.to(where)))
        right += (generator.network(drawn).argmax(1).cpu() == test.labels).sum().item()
    return right / n


@torch.no_grad()
def painting_losses(painter, name, n=64, seed=TEST_SEED):
    """The mean content loss and style loss of what a stylization network paints of `n` unseen pictures, over its
    styles."""
    made = Stylization(name).eval()
    made.painter = painter
    images = [contents(8, seed, start) for start in range(n // 8)]
    number = len(made.styles)
    losses = [made.parts(some, torch.full((8,), style))[:2] for some in images for style in range(number)]
    return [round(torch.cat(each).mean().item(), 3) for each in zip(*losses)]


def unseen(make, n, seed):
    """The first `n` of the series `seed` of `scenes` or `pairs`, by the hundred."""
    return (make(min(100, n - start), seed, start=start) for start in range(0, n, 100))


NATURAL = ("accuracy", partial(accuracy, natural=True))
SCORES = {"plain": NATURAL, "robust": NATURAL, "segmenter": ("mean IoU", mean_iou),
          "captioner": ("exact match", exact_match), "generator": ("recognized", recognized)}
SCORES |= {name: ("content and style loss", partial(painting_losses, name=file_of(name).removeprefix("stylize_")))
           for name in RECIPES if name.startswith("stylize_")}


def save(name, network, snapshots, facts, out=DATA):
    """Write a network (half precision) and, for ResNet-18, the snapshots of its first layer."""
    folder = out / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    halves = {key: value.half().contiguous() if value.is_floating_point() else value
              for key, value in network.state_dict().items()}
    save_file(halves, folder / f"{name}.safetensors", metadata={key: str(value) for key, value in facts.items()})
    if name == "resnet18":
        weights = {f"{step:05d}": weight.contiguous() for step, weight in snapshots.items()}
        save_file(weights, folder / f"{name}_snapshots.safetensors")


def run(name, recipe, out=DATA):
    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    network, snapshots, seconds = train(name, recipe, world=world, rank=rank, out=out)
    if rank == 0:
        network = network.product if isinstance(network, JUDGES) else network
        network = network.cpu().half().float()  # what a reader will get
        what, score = SCORES.get(name, ("accuracy", accuracy))
        facts = {"steps": recipe.steps, "batch": recipe.batch, "seed": 0, "minutes": round(seconds / 60, 1),
                 what: score(network)}
        save(file_of(name), network, snapshots, facts, out)
        (out / "checkpoints" / f"{name}.pt").unlink(missing_ok=True)
        print(f"{name}: {json.dumps(facts)}", flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m helpers.make.training", description="Rebuild the networks in data/weights.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(RECIPES)} (default: all)")
    parser.add_argument("--steps", type=int, help="train for fewer steps than the recipe says (for a trial)")
    parser.add_argument(
        "--out", type=Path, default=DATA, help="the folder for weights/ and checkpoints/ (default: data)")
    names, steps, out = vars(parser.parse_args(arguments)).values()
    for name in names or RECIPES:
        if name not in RECIPES:
            parser.error(f"no network {name!r}; choose from {', '.join(RECIPES)}")
    if "WORLD_SIZE" in os.environ:
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    for name in names or RECIPES:
        run(name, RECIPES[name] if steps is None else RECIPES[name]._replace(steps=steps), out)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main())
