"""The checks of notebook 06b."""

import math

import torch

from helpers.checks.base import exercise
from helpers.collage import pairs
from helpers.heads import load_head, spell


def set_of(classes, c):
    return {i for i, each in enumerate(classes) if each == c}


def other_shares(named, owned, c):
    """What else is taken for the intersection over union of a class: [(what it is, number)]."""
    mine, own = set_of(named, c), set_of(owned, c)
    both, either, agree = len(mine & own), len(mine | own), sum(a == b for a, b in zip(named, owned))
    half = len(named) // 2
    each = [(set_of(named[part], c), set_of(owned[part], c)) for part in (slice(half), slice(half, None))]
    return [
        ("the mean of each picture's number: count over all pictures together",
         sum(len(a & b) / len(a | b) for a, b in each) / 2),
        ("a share of the class's own pixels: those that are given to it wrongly count too", both / len(own)),
        ("a share of the pixels given to the class: those that were missed count too", both / len(mine)),
        ("the Dice score, which counts the pixels in both twice: count each pixel once",
         2 * both / (len(mine) + len(own))),
        ("too little, for the pixels in both are counted twice below: count each pixel once",
         both / (len(mine) + len(own))),
        ("a share of all pixels: those that are rightly *not* in the class don't count",
         1 - (either - both) / len(named)),
        ("the share of pixels that are right, whichever class they have: look at one class", agree / len(named)),
        ("too much, for the right pixels of other classes count above: look at one class", agree / either),
        ("a share of all pixels: divide by those that are in one or the other", both / len(named)),
    ]


@exercise("06b", 1)
def iou_of_class(solution):
    """Of all pictures together: the pixels given to a class and its own, over those that are one or the other."""
    true = torch.tensor([[[0, 0, 0, 0, 1], [0, 0, 2, 2, 1]], [[2, 1, 1, 1, 1], [2, 2, 2, 1, 1]]])
    found = torch.tensor([[[0, 0, 1, 0, 1], [0, 2, 2, 0, 0]], [[2, 1, 1, 1, 2], [2, 2, 2, 0, 1]]])
    named, owned = found.flatten().tolist(), true.flatten().tolist()
    for c in (1, 0, 2):
        answer = torch.as_tensor(solution(found, true, c))
        assert answer.numel() == 1, (
            f"One number is asked for, over all pictures together, not {answer.numel()}: sum over all dimensions.")
        answer = answer.item()
        assert not math.isnan(answer), "The answer is no number, 0 divided by 0: count the pixels before you divide."
        mine, own = set_of(named, c), set_of(owned, c)
        wanted = len(mine & own) / len(mine | own)
        known = f"Of class {c}, {len(mine & own)} pixels are in both and {len(mine | own)} in one or the other"
        for told, wrong in other_shares(named, owned, c):
            assert abs(answer - wrong) > 1e-4, f"{known}. {answer:.3f} is {told}."
        assert abs(answer - wanted) < 1e-4, f"{known}: that makes {wanted:.3f}, not {answer:.3f}."


@exercise("06b", 2)
def attend(solution):
    """The attention of a query over places, and the mean column that it reads."""
    places, query = torch.randn(64, 64), torch.randn(64)
    found = solution(places, query)
    assert isinstance(found, (tuple, list)) and len(found) == 2, (
        "Two results are asked for, the attention and the column: `return attention, column`.")
    attention, context = found
    assert attention.shape == (64,), f"One weight for each of 64 places is asked for, not {list(attention.shape)}."
    assert context.shape == (64,), f"One column of 64 numbers is asked for, not {list(context.shape)}."

    def softmax(values):
        powers = [math.exp(value) for value in values]
        return torch.tensor(powers) / sum(powers)

    match = [sum(a * b for a, b in zip(column, query.tolist())) for column in places.T.tolist()]
    across = [sum(a * b for a, b in zip(row, query.tolist())) / 8 for row in places.tolist()]
    wanted = softmax([value / 8 for value in match])

    def close(a, b):
        return torch.allclose(a.cpu(), b, atol=1e-4)

    assert not close(context, wanted), "The two results are in the wrong order: first the attention, then the column."
    total = attention.sum().item()
    assert attention.min() >= 0 and abs(total - 1) < 1e-3, (
        f"The weights of all places should add up to 1, none below 0, and add up to {total:.2f}, the smallest being "
        f"{attention.min():.2f}: take the softmax over the places, with nothing after it.")
    assert not close(attention, softmax(match)), "The products are too large: divide them by √64 before the softmax."
    assert not close(attention, softmax([value / 64 for value in match])), (
        "The products were divided by 64: divide them by its root, 8.")
    assert not close(attention, softmax(across)), (
        "The rows of P were compared with the query: a place is a *column* of P.")
    assert close(attention, wanted), (
        f"The largest weight should be {wanted.max():.3f} and is {attention.max():.3f}: the product of each column of "
        "P with the query, divided by √64, and of these the softmax.")
    assert not close(context, places.mean(dim=1)), (
        "This is the plain mean of all columns: weight each with its attention.")
    assert not close(context, places[:, wanted.argmax()]), (
        "This is the one column with the largest weight: add all columns, each times its weight.")
    assert not close(context, places.T @ wanted), (
        "The rows of P were added up, each times a weight: a place is a *column* of P.")
    column = torch.tensor([sum(a * b for a, b in zip(row, wanted.tolist())) for row in places.tolist()])
    assert close(context, column), (
        f"The column should be the sum of all columns, each times its weight; its first number is {context[0]:.3f} and "
        f"should be {column[0]:.3f}.")


def at(table, words):
    """What each column of a table says of a word: [words]."""
    return torch.stack([table[word, i] for i, word in enumerate(words)])


@exercise("06b", 3)
def word_probabilities(solution):
    """The probability of each word of a sentence, given the words before it and the picture."""
    captioner, picture, text = load_head("captioner"), pairs(1, seed=3).images, "a flower below a retina"
    words, gray = spell(text), torch.full_like(picture, 0.45)
    found, blind = (torch.as_tensor(solution(captioner, image, text)).cpu() for image in (picture, gray))
    assert found.dim() != 1 or len(found) == 5, (
        f"“{text}” has five words and should get five probabilities, not {len(found)}: `<start>` and `<end>` are none "
        "of its words.")
    assert found.shape == (5,), f"One probability for each of five words is asked for, not {list(found.shape)}."
    assert found.max() > 0, "These are logarithms of probabilities: take the softmax itself."
    assert found.min() >= 0 and found.max() <= 1, (
        f"Probabilities lie between 0 and 1, these between {found.min():.2f} and {found.max():.2f}: take the softmax "
        "of the logits.")
    assert not torch.allclose(found, blind, atol=1e-4), (
        "A gray picture gets the same probabilities: is the picture that was given used?")

    logits = torch.cat([captioner(picture, words[None, :i + 1])[0, :, -1:] for i in range(9)], dim=1)
    chance, asked = logits.softmax(0), words[1:6]
    wanted = at(chance, asked)
    said = captioner(picture, spell(captioner.say(picture)[0])[None, :-1])[0].softmax(0)
    for told, wrong in (
        ("This is the softmax over the places in the sentence: take it over the twenty words.",
         at(logits.softmax(1), asked)),
        ("Each word was judged alone, by a sigmoid: take the softmax over the twenty words.",
         at(logits.sigmoid(), asked)),
        ("Column 0 was asked for `<start>`, column 1 for the first word: column 0 speaks of the first word already.",
         at(chance, words[:5])),
        ("Column 1 was asked for the first word: column 0 speaks of it.", at(chance[:, 1:], asked)),
        ("These are products of all probabilities so far: each word's own is asked for, given those before it.",
         wanted.cumprod(0)),
        ("This is the probability of the *most probable* word in each column: look up the sentence's own words.",
         chance.amax(0)[:5]),
        ("The captioner read the words that it would say itself: let it read those of `text`.", at(said, asked)),
    ):
        assert not torch.allclose(found, wrong, atol=1e-4), told
    worst = (found - wanted).abs().argmax().item()
    assert torch.allclose(found, wanted, atol=1e-4), (
        f"“{text}”: given the words before it, “{text.split()[worst]}”, word {worst + 1}, has the probability "
        f"{wanted[worst]:.4f}, not {found[worst]:.4f}.")
