"""The segmenter, the captioner and the generator: what they are taught, that the classifier below them stays as it is, how good they are."""

import pytest
import torch
from safetensors.torch import load_file

from helpers import WeightsUnavailable, classifier, load_network
from helpers.collage import SUBJECTS, pairs, scenes
from helpers.heads import (
    HEADS, LONGEST, START, WORDS, Captioner, Generator, Segmenter, captions, describe, load_head, pixel_classes, sentence, spell)
from helpers.make.contest import Contest
from helpers.make.training import exact_match, mean_iou, recognized
from helpers.photos import DATA


@pytest.fixture(scope="module", params=HEADS)
def head(request):
    return load_head(request.param)


@pytest.fixture
def captioner():
    torch.manual_seed(0)
    return Captioner(load_network("vgg", "untrained")).eval()


# ---- what they are taught -------------------------------------------------------------------------------------------


def spots(*places):
    """Masks [k, 32, 32] of small squares at (row, column)."""
    masks = torch.zeros(len(places), 32, 32, dtype=torch.bool)
    for mask, (row, column) in zip(masks, places):
        mask[row : row + 4, column : column + 4] = True
    return masks


@pytest.mark.parametrize("cat, cup, where", [
    ((10, 2), (12, 20), "to the left of"), ((10, 20), (0, 2), "to the right of"), ((2, 10), (20, 14), "above"), ((20, 14), (2, 10), "below")])
def test_description_is_in_the_order_of_the_alphabet(cat, cup, where):
    labels = [SUBJECTS.index("cup"), SUBJECTS.index("cat")]
    assert describe(labels, spots(cup, cat)) == describe(labels[::-1], spots(cat, cup)) == f"a cat {where} a cup"


def test_description_of_one_subject():
    assert describe(torch.tensor([SUBJECTS.index("rocket")]), spots((3, 3))) == "a rocket"
    assert captions(scenes(3, 1)) == [f"a {SUBJECTS[label]}" for label in scenes(3, 1).labels]


def test_sentences_and_words():
    said = captions(pairs(50, 1))
    assert max(len(text.split()) for text in said) + 1 == LONGEST
    for text in said:
        words = spell(text)
        assert words.shape == (LONGEST + 1,) and words[0] == START and sentence(words) == text
    assert sentence([START, WORDS.index("a")]) == "a"
    with pytest.raises(ValueError, match="dog"):
        spell("a dog")


@pytest.mark.parametrize("make", [scenes, pairs])
def test_every_pixel_has_the_class_of_its_owner(make):
    made = make(8, 1)
    classes = pixel_classes(made)
    masks, labels = made.masks.view(8, -1, 128, 128), made.labels.view(8, -1)
    assert classes.shape == (8, 128, 128)
    assert ((classes == len(SUBJECTS)) == ~masks.any(1)).all()
    for i in range(8):
        for mask, label in zip(masks[i], labels[i]):
            assert (classes[i][mask] == label).all()


# ---- the networks ---------------------------------------------------------------------------------------------------


def test_a_head_leaves_its_classifier_alone(head):
    head.train()
    assert not any(module.training for module in head.network.modules())
    assert not any(key.startswith("network.") for key in head.state_dict())
    alone = load_network(head.stands_on, "course")
    assert head.layers is not None and list(head.layers) == list(alone.layers)
    assert all(torch.equal(a, b) for a, b in zip(head.network.state_dict().values(), alone.state_dict().values()))
    head.eval()
    assert not any(parameter.requires_grad for parameter in head.parameters())


@pytest.mark.parametrize("name", HEADS)
def test_head_stands_on_a_course_network_in_any_source(name, monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", "imagenet")
    assert load_head(name).network.labels == SUBJECTS


@pytest.mark.parametrize("name", HEADS)
def test_missing_weights(name, monkeypatch, tmp_path):
    for below in ("vgg", "robust"):
        (tmp_path / f"{below}.safetensors").write_bytes((classifier.WEIGHTS / f"{below}.safetensors").read_bytes())
    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path)
    with pytest.raises(WeightsUnavailable, match=f"{name}.safetensors is missing; rebuild it with `python -m helpers.make.training {name}`"):
        load_head(name)
    other = next(other for other in HEADS if other != name)
    (tmp_path / f"{name}.safetensors").write_bytes((DATA / "weights" / f"{other}.safetensors").read_bytes())
    with pytest.raises(WeightsUnavailable, match="damaged"):
        load_head(name)


@pytest.mark.parametrize("size", [128, 160])
def test_segmenter_answers_for_each_pixel(size):
    segmenter = Segmenter(load_network("vgg", "untrained")).eval()
    assert segmenter(torch.rand(2, 3, size, size)).shape == (2, 11, size, size)


def test_a_word_depends_on_those_before_it_only(captioner):
    images, words = torch.rand(2, 3, 128, 128), torch.randint(len(WORDS), (2, 6))
    changed = words.clone()
    changed[:, 4] = (changed[:, 4] + 1) % len(WORDS)
    before, after = captioner(images, words), captioner(images, changed)
    assert before.shape == (2, len(WORDS), 6)
    assert torch.equal(before[..., :4], after[..., :4]) and not torch.allclose(before[..., 4:], after[..., 4:])


def test_the_captioner_attends_to_places_that_add_up_to_one(captioner):
    _, attention = captioner.tell(captioner.look(torch.rand(2, 3, 128, 128)), torch.zeros(2, 5, dtype=torch.int64))
    assert attention.shape == (2, 5, 64)
    torch.testing.assert_close(attention.sum(2), torch.ones(2, 5))


def test_it_says_the_most_probable_word_each_time():
    captioner, images = load_head("captioner"), pairs(4, 9).images
    for image, text in zip(images, captioner.say(images)):
        logits = captioner(image[None], spell(text)[None, :-1])[0]
        assert sentence([START, *logits.argmax(0)]) == text


def test_the_generator_draws_pictures_of_codes():
    torch.manual_seed(0)
    generator = Generator(load_network("robust", "untrained")).eval()
    drawn = generator(torch.rand(2, 512))
    assert drawn.shape == (2, 3, 128, 128) and 0 <= drawn.min() and drawn.max() <= 1
    assert not torch.equal(drawn[0], drawn[1])


def test_a_generator_inside_of_another_module_is_saved_and_loaded():
    contest = Contest(Generator(load_network("robust", "untrained")))
    contest.load_state_dict(contest.state_dict())
    with pytest.raises(RuntimeError, match="discriminator"):
        contest.load_state_dict({key: value for key, value in contest.state_dict().items() if "discriminator" not in key})


def test_each_side_of_the_contest_learns_from_its_own_loss(monkeypatch):
    torch.manual_seed(0)
    contest = Contest(Generator(load_network("robust", "untrained"))).train()
    for name in ("PIXELS", "FEATURES", "ADVERSARY"):
        monkeypatch.setattr(f"helpers.make.contest.{name}", 0.0)
    contest(torch.rand(2, 3, 128, 128), torch.zeros(2)).backward()  # what is left is the discriminator's loss
    assert all(weight.grad is None or not weight.grad.any() for weight in contest.generator.parameters())
    assert any(weight.grad.any() for weight in contest.discriminator.parameters())
    contest.zero_grad()
    monkeypatch.setattr("helpers.make.contest.ADVERSARY", 1.0)
    before = [weight.detach().clone() for weight in contest.discriminator.parameters()]
    contest(torch.rand(2, 3, 128, 128), torch.zeros(2)).backward()
    assert any(weight.grad is not None and weight.grad.any() for weight in contest.generator.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, contest.discriminator.parameters()))


# ---- how good they are ----------------------------------------------------------------------------------------------


def test_segmentation_of_unseen_pictures():
    assert mean_iou(load_head("segmenter"), n=20) >= 0.85


def test_captions_of_unseen_pairs():
    assert exact_match(load_head("captioner"), n=60) >= 0.9


def test_what_the_generator_draws_of_unseen_scenes_is_recognized():
    assert recognized(load_head("generator"), n=20, seed=83) >= 0.85


@pytest.mark.parametrize("name, limit", [("segmenter", 0.5e6), ("captioner", 0.5e6), ("generator", 4e6)])
def test_files_are_small(name, limit):
    path = classifier.WEIGHTS / f"{name}.safetensors"
    assert path.stat().st_size < limit
    assert all(value.dtype == torch.float16 for key, value in load_file(path).items() if value.is_floating_point())
