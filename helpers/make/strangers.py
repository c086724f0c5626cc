"""Train a ResNet-18 that never sees every third coin and person, and ask it about those: data/README.md answers.

    python -m helpers.make.strangers
"""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from helpers import collage
from helpers.make.training import BATCHES, TEST_SEED, Batches, Recipe, train, unseen
from helpers.networks import device

SUBJECTS = ("coin", "person")  # the others are one photo each
RECIPE = Recipe(1100)


class Pasted(Batches):
    """Without crops of the photos, which show all coins."""

    photos = 0.0


def split():
    """The cut-outs of `SUBJECTS` that are hidden in training, and those that are shown: two dicts
    {subject: cut-outs}."""
    all_of_them = {subject: tuple(collage._cutouts()[subject]) for subject in SUBJECTS}
    hidden = {subject: list(found[::3]) for subject, found in all_of_them.items()}
    return hidden, {subject: [each for i, each in enumerate(found) if i % 3] for subject, found in all_of_them.items()}


def recognized(network, subject, cutouts, n=600):
    """The share of `n` new scenes whose subject the network names, if the subject's cut-outs are these."""
    collage._cutouts()[subject] = cutouts
    right = 0
    for test in unseen(partial(collage.scenes, subjects=subject, photos=0.0), n, TEST_SEED):
        right += (network(test.images.to(device())).argmax(1).cpu() == test.labels).sum().item()
    return right / n


def main():
    hidden, shown = split()
    collage._cutouts().update(shown)
    BATCHES["resnet18"] = Pasted
    with TemporaryDirectory() as folder:
        network, _, seconds = train("resnet18", RECIPE, out=Path(folder))
    network.requires_grad_(False)
    print(f"{RECIPE.steps} steps, {seconds / 60:.0f} minutes")
    for subject in SUBJECTS:
        for what, cutouts in (("shown in training", shown), ("hidden", hidden)):
            found = recognized(network, subject, cutouts[subject])
            print(f"{subject}, the {len(cutouts[subject])} {what}: {found:.1%}", flush=True)


if __name__ == "__main__":
    main()
