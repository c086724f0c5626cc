"""Training gives the same pictures for a step, resumes where it stopped, and runs in several processes."""

import os
import subprocess
import sys
from functools import partial

import pytest
import torch
from safetensors import safe_open
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from helpers import classifier, load_network
from helpers.make import strangers, stylizing, training
from helpers.collage import pairs, scenes
from helpers.families import COURSE
from helpers.heads import END, HEADS, START, captions, load_head, pixel_classes, sentence
from helpers.style import load_stylizer
from helpers.make.training import SEED, TEST_SEED, Alone, Batches, Captions, Natural, Pixels, Recipe, accuracy

TINY = Recipe(steps=5, batch=5)


@pytest.fixture
def tiny(monkeypatch):
    """Batches and tests of a few pictures, and a saved state every three steps."""
    monkeypatch.setitem(training.RECIPES, "resnet18", TINY)
    monkeypatch.setattr(training, "accuracy", partial(accuracy, n=10))
    monkeypatch.setattr(training, "SAVE_EVERY", 3)
    monkeypatch.setattr(training, "device", lambda: torch.device("cpu"))


# ---- batches --------------------------------------------------------------------------------------------------------


def test_batch_is_the_same_each_time():
    (images, targets), (again, targets_again), (others, _) = Batches(10)[3], Batches(10)[3], Batches(10)[4]
    assert torch.equal(images, again) and torch.equal(targets, targets_again)
    assert not any(torch.equal(image, other) for image in images for other in others)


def test_a_fifth_of_a_batch_shows_two_subjects():
    images, targets = Batches(20)[0]
    assert images.shape == (20, 3, 128, 128) and targets.shape == (20, 10)
    assert (targets.sum(1) == 1).all()
    assert (targets.max(1).values == 0.5).sum() == 4
    assert torch.equal(targets[:16].argmax(1), scenes(16, SEED).labels)


@pytest.mark.parametrize("world", [2, 4])
def test_processes_share_a_batch(world):
    whole, targets = Batches(20)[7]
    shares = [Batches(20, rank, world)[7] for rank in range(world)]
    alone = 20 // world - 20 // world // 5
    order = torch.cat([images[:alone] for images, _ in shares] + [images[alone:] for images, _ in shares])
    assert torch.equal(order, whole)
    assert sum(len(targets) for _, targets in shares) == len(targets)


def test_the_generator_sees_one_subject_in_natural_colors():
    images, labels = Alone(6)[2]
    expected = scenes(6, SEED, start=12, natural=True, photos=0.6)
    assert torch.equal(images, expected.images) and torch.equal(labels, expected.labels)
    assert torch.equal(Alone(6, 1, 2)[2][0], scenes(3, SEED, start=15, natural=True, photos=0.6).images)


def test_pixels_of_a_batch():
    images, classes = Pixels(6)[2]
    one, two = scenes(3, SEED, start=6), pairs(3, SEED, start=6)
    assert torch.equal(images, torch.cat([one.images, two.images]))
    assert torch.equal(classes, torch.cat([pixel_classes(one), pixel_classes(two)]))


def test_captions_of_a_batch():
    images, words, after = Captions(6)[2]
    one, two = scenes(3, SEED, start=6), pairs(3, SEED, start=6)
    assert torch.equal(images, torch.cat([one.images, two.images]))
    assert [sentence(line) for line in words] == captions(one) + captions(two)
    for given, wanted in zip(words, after):
        said = wanted[wanted >= 0]
        assert given[0] == START and torch.equal(given[1 : len(said)], said[:-1]), "each word is followed by the next"
        assert said[-1] == END and (said[:-1] != END).all() and (wanted[len(said) :] == -100).all(), "the end is said once"


def test_no_step_trains_on_test_pictures():
    assert SEED != TEST_SEED
    assert not torch.equal(scenes(1, SEED).images, scenes(1, TEST_SEED).images)


def test_strangers_are_never_shown():
    hidden, shown = strangers.split()
    assert {subject: len(found) for subject, found in hidden.items()} == {"coin": 8, "person": 1}
    for subject, found in hidden.items():
        assert len(shown[subject]) == 2 * len(found) and not {*map(id, found)} & {*map(id, shown[subject])}


def test_natural_batches():
    images, targets = Natural(10)[3]
    alone = scenes(8, SEED, start=24, natural=True, photos=Natural.photos)
    assert torch.equal(images[:8], alone.images) and torch.equal(targets[:8].argmax(1), alone.labels)
    assert torch.equal(images[8:], pairs(2, SEED, start=6, natural=True).images)


# ---- the adversary --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm, epsilon", [("L2", 0.5), ("L2", 3.0), ("Linf", 4 / 255)])
def test_an_adversary_keeps_within_epsilon_and_does_harm(norm, epsilon):
    network, made = load_network("vgg", "course").train(), scenes(6, 4)
    attacked = training.perturb(network, made.images, made.labels, epsilon, torch.Generator().manual_seed(0), norm=norm)
    change = (attacked - made.images).flatten(1)
    length = change.norm(dim=1) if norm == "L2" else change.abs().amax(1)
    assert (length <= epsilon * (1 + 1e-5)).all() and (length > epsilon / 2).all()
    assert attacked.min() >= 0 and attacked.max() <= 1 and not attacked.requires_grad
    assert network.training, "the network is in the mode that it was in"
    network.eval()
    random = made.images + epsilon * training._unit(torch.randn(made.images.shape)) * (1 if norm == "L2" else 222)
    loss = [cross_entropy(network(images), made.labels) for images in (made.images, random, attacked)]
    assert loss[2] > max(loss[:2]) + 0.3


def test_more_steps_do_more_harm():
    network, made = load_network("resnet18", "course"), scenes(6, 4)
    loss = [cross_entropy(network(training.perturb(network, made.images, made.labels, 0.5, torch.Generator().manual_seed(0), steps)), made.labels)
            for steps in (1, 2, 6)]
    assert loss == sorted(loss)


def test_robust_goes_on_from_plain(tiny, tmp_path, monkeypatch):
    plain, seen = load_network("plain", "course"), []
    monkeypatch.setattr(training, "perturb", lambda network, images, targets, epsilon, *rest: seen.append(epsilon) or images)
    network, _, _ = training.train("robust", Recipe(steps=6, batch=5, peak=1e-9, first_decay=0, epsilon=3.0), out=tmp_path)
    assert seen == pytest.approx([0, 1.5, 3, 3, 3, 3]), "epsilon rises over the first third"
    for (name, one), other in zip(plain.named_parameters(), network.parameters()):
        assert torch.allclose(one, other, atol=1e-6), name


# ---- runs -----------------------------------------------------------------------------------------------------------


def test_accuracy():
    labels = scenes(130, 5).labels
    right = torch.arange(130) % 4 > 0

    class Answers(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.seen = nn.Parameter(torch.zeros(1)), 0

        def forward(self, images):
            some = slice(self.seen, self.seen + len(images))
            self.seen += len(images)
            return one_hot(torch.where(right, labels, (labels + 1) % 10)[some], 10)

    assert accuracy(Answers(), 130, seed=5) == right.float().mean()


def test_a_run_writes_a_network_that_loads(tiny, tmp_path, monkeypatch, capsys):
    training.main(["resnet18", "--steps", "10", "--out", str(tmp_path)])
    assert capsys.readouterr().out.startswith('resnet18: {"steps": 10, "batch": 5, ')
    assert not list((tmp_path / "checkpoints").iterdir())
    with safe_open(tmp_path / "weights" / "resnet18.safetensors", "pt") as file:
        assert file.metadata().keys() == {"steps", "batch", "seed", "minutes", "accuracy"}
    with safe_open(tmp_path / "weights" / "resnet18_snapshots.safetensors", "pt") as file:
        assert sorted(file.keys()) == ["00000", "00010"]
        last = file.get_tensor("00010")

    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path / "weights")
    network = load_network("resnet18", "course")
    assert torch.equal(classifier.first_convolution(network).weight, last.float())
    assert network(torch.rand(1, 3, 64, 64)).isfinite().all()


@pytest.mark.parametrize("name, score", [("segmenter", "mean IoU"), ("captioner", "exact match"), ("generator", "recognized")])
def test_a_run_writes_a_head_that_loads(tiny, name, score, tmp_path, monkeypatch):
    full = training.SCORES[name][1]
    monkeypatch.setitem(training.SCORES, name, (score, partial(full, n=4)))
    below = HEADS[name].stands_on
    before = load_network(below, "course").state_dict()
    training.run(name, Recipe(steps=2, batch=4, peak=1e-3), tmp_path)
    with safe_open(tmp_path / "weights" / f"{name}.safetensors", "pt") as file:
        assert file.metadata().keys() == {"steps", "batch", "seed", "minutes", score}
        assert not any(key.startswith("network.") for key in file.keys())
    (tmp_path / "weights" / f"{below}.safetensors").write_bytes((classifier.WEIGHTS / f"{below}.safetensors").read_bytes())
    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path / "weights")
    after = load_head(name).network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("name", ["many", "glass_batch"])
def test_a_run_writes_a_stylization_network_that_loads_and_another_goes_on_from_it(name, tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(stylizing, "load_network", lambda name, weights: load_network(name, "untrained"))
    monkeypatch.setattr(stylizing, "style_picture", lambda style: torch.rand(3, 64, 64))
    monkeypatch.setattr(training, "contents", lambda n, seed, start, size=64: torch.rand(n, 3, size, size))
    first, steps = f"stylize_{name}", Recipe(steps=2, batch=4, peak=1e-3, size=64)
    for each in (first, f"{first}_further"):
        monkeypatch.setitem(training.SCORES, each, ("losses", partial(training.SCORES[each][1], n=8)))
    training.run(first, steps, tmp_path)
    style = [torch.eye(8)[:1]] if name == "many" else []
    assert load_stylizer(name)(torch.rand(1, 3, 32, 32), *style).isfinite().all()
    begun = load_stylizer(name).paint.conv.weight
    training.run(f"{first}_further", steps._replace(peak=1e-9), tmp_path)
    assert torch.allclose(load_stylizer(name).paint.conv.weight, begun, atol=1e-3), "it goes on from the stored file"


def test_the_rows_of_a_style_learn_faster():
    lesson = stylizing.Stylization("many")
    shared, rows = training.prepare(lesson, 0).param_groups
    assert rows["faster"] == training.ROWS_FASTER and len(rows["params"]) == 2 * 14
    assert len(shared["params"]) + len(rows["params"]) == len([*lesson.painter.parameters()])
    assert len(training.prepare(stylizing.Stylization("glass"), 0).param_groups) == 1


class Later(Batches):
    """Batches of which the first three can't be had."""

    def __getitem__(self, step):
        assert step >= 3
        return super().__getitem__(step)


def test_a_run_resumes_where_it_stopped(tiny, tmp_path, monkeypatch):
    network, snapshots, _ = training.train("resnet18", TINY, out=tmp_path)
    assert (tmp_path / "checkpoints" / "resnet18.pt").exists()
    monkeypatch.setattr(training, "Batches", Later)
    resumed, snapshots_resumed, _ = training.train("resnet18", TINY, out=tmp_path)
    torch.testing.assert_close(resumed.state_dict(), network.state_dict(), rtol=1e-4, atol=1e-5)
    assert snapshots.keys() == snapshots_resumed.keys() == {0, 5}
    assert torch.equal(snapshots[0], snapshots_resumed[0])


def test_the_state_of_another_recipe_is_left_alone(tiny, tmp_path, monkeypatch):
    training.train("resnet18", TINY, out=tmp_path)
    monkeypatch.setattr(training, "Batches", Later)
    with pytest.raises(AssertionError):
        training.train("resnet18", TINY._replace(peak=0.2), out=tmp_path)


def test_first_layer_starts_small_and_decays_fast():
    network = COURSE["resnet18"]()
    optimizer = training.prepare(training.draw(network), 1e-2)
    first = classifier.first_convolution(network).weight
    assert 0.009 < first.std() < 0.011
    decays = {weight: group["weight_decay"] for group in optimizer.param_groups for weight in group["params"]}
    assert decays.keys() == set(network.parameters())
    assert decays.pop(first) == 1e-2 and set(decays.values()) == {5e-4}


def test_every_course_network_has_a_recipe():
    names = ("many", "glass", "glass_batch", "woodcut")
    painters = {f"stylize_{name}{stage}" for name in names for stage in ("", "_further")} | {"stylize_many_last"}
    assert training.RECIPES.keys() == COURSE.keys() | HEADS.keys() | painters


def test_unknown_network(capsys):
    with pytest.raises(SystemExit):
        training.main(["lenet"])
    assert "no network 'lenet'; choose from vgg" in capsys.readouterr().err


TWO_PROCESSES = """
import sys
import torch
from helpers.make import strangers, training

class Noise(training.Batches):  # needs no cut-outs; another for each process
    def __getitem__(self, step):
        assert (self.share, self.world) == (5, 2)
        chance = torch.Generator().manual_seed(2 * step + self.rank)
        return torch.rand(5, 3, 32, 32, generator=chance), torch.eye(10)[torch.randint(10, (5,), generator=chance)]

train = training.train

def train_and_compare(*arguments, **options):
    trained = train(*arguments, **options)
    weight = training.first_convolution(trained[0]).weight.detach().contiguous()
    weights = [torch.empty_like(weight) for _ in range(2)]
    torch.distributed.all_gather(weights, weight)
    assert torch.equal(*weights), "the processes trained different networks"
    return trained

training.train = train_and_compare
training.RECIPES["resnet18"] = training.Recipe(2, batch=10)
training.Batches, training.accuracy = Noise, lambda network: 0.0
training.main(["resnet18", "--out", sys.argv[1]])
"""


def test_two_processes(tmp_path, monkeypatch):
    script = tmp_path / "two_processes.py"
    script.write_text(TWO_PROCESSES)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(script), str(tmp_path)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('resnet18: {"steps": 2, "batch": 10') == 1
    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path / "weights")
    assert load_network("resnet18", "course")(torch.rand(1, 3, 64, 64)).isfinite().all()
