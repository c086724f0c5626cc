"""Three networks that stand on a frozen classifier: one names pixels, one speaks, one draws what features stand for."""

import torch
import torch.nn.functional as F
from torch import nn

from helpers.collage import SUBJECTS
from helpers.hooks import activations
from helpers.classifier import load_weights
from helpers.networks import load_network

WORDS = ("<start>", "<end>", "a", "to", "the", "left", "right", "of", "above", "below", *SUBJECTS)
START, END = 0, 1
LONGEST = 9  # words of the longest sentence, <end> among them


class Head(nn.Module):
    """What is trained on a classifier: `network` stays as it is, frozen and in eval mode, and is not saved with the
    head. Its `layers` are the head's, so that hooks find them. `stands_on` names the network."""

    stands_on = "vgg"

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.register_state_dict_post_hook(_leave_out_network)
        self.register_load_state_dict_post_hook(_do_not_miss_network)

    @property
    def layers(self):
        return self.network.layers

    def train(self, mode=True):
        super().train(mode)
        self.network.eval()
        return self


def _leave_out_network(head, state, prefix, metadata):
    for key in [key for key in state if key.startswith(prefix + "network.")]:
        del state[key]


def _do_not_miss_network(head, keys):
    keys.missing_keys[:] = [key for key in keys.missing_keys if "network" not in key.split(".")]


class Segmenter(Head):
    """A feature pyramid (Lin, Dollár, Girshick, He, Hariharan & Belongie, CVPR 2017): from the coarsest layer down,
    each adds what it knows of finer places; then one 1×1 convolution names each pixel.

    Pictures [n, 3, h, w] in [0, 1] -> logits [n, 11, h, w] of `labels`: the ten subjects and "background".
    """

    labels = (*SUBJECTS, "background")
    reads = {"conv2": 48, "conv3": 96, "conv4": 128, "conv5": 512}  # layer -> its channels
    width = 64

    def __init__(self, network):
        super().__init__(network)
        self.lateral = nn.ModuleDict(
            {name: nn.Conv2d(channels, self.width, 1) for name, channels in self.reads.items()})
        self.smooth = nn.ModuleDict({name: self._smooth() for name in self.reads})
        self.classifier = nn.Conv2d(self.width, len(self.labels), 1)

    def _smooth(self):
        convolution = nn.Conv2d(self.width, self.width, 3, padding=1, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(self.width), nn.ReLU())

    def forward(self, x):
        with activations(self.network, self.reads) as seen:
            self.network(x)
        found = None
        for name in reversed(self.reads):
            level = self.lateral[name](seen[name])
            if found is not None:
                level = level + F.interpolate(found, size=level.shape[-2:], mode="nearest")
            found = self.smooth[name](level)
        return F.interpolate(self.classifier(found), size=x.shape[-2:], mode="bilinear", align_corners=False)


class Captioner(Head):
    """A recurrent network that says what a picture shows, word by word (Lu, Xiong, Parikh & Socher, Knowing when to
    look, CVPR 2017, without the sentinel): a GRU reads the words so far, its state chooses places of the last layer to
    attend to, and state and places together answer with the next word. For pictures of 128 × 128 pixels.
    """

    def __init__(self, network, maps=64, state=128):
        super().__init__(network)
        self.read = nn.Sequential(nn.Conv2d(512, maps, 1, bias=False), nn.BatchNorm2d(maps), nn.ReLU())
        self.position = nn.Parameter(0.5 * torch.randn(maps, 8, 8))
        self.embed = nn.Embedding(len(WORDS), 32)
        self.recurrent = nn.GRU(32, state, batch_first=True)
        self.query = nn.Linear(state, maps)
        self.speak = nn.Linear(state + maps, len(WORDS))

    def look(self, x):
        """Pictures [n, 3, 128, 128] in [0, 1] -> places to attend to [n, maps, 64]."""
        with activations(self.network, ["conv5"]) as seen:
            self.network(x)
        return (self.read(seen["conv5"]) + self.position).flatten(2)

    def tell(self, places, words):
        """The logits [n, 20, t] of the word after each of `words` [n, t], and the attention [n, t, 64] that it was
        chosen with."""
        states, _ = self.recurrent(self.embed(words))
        attention = (self.query(states) @ places / places.shape[1] ** 0.5).softmax(-1)
        context = attention @ places.transpose(1, 2)
        return self.speak(torch.cat([states, context], dim=2)).transpose(1, 2), attention

    def forward(self, x, words):
        """Pictures [n, 3, 128, 128], words [n, t], the first START -> the logits [n, 20, t] of the word after each."""
        return self.tell(self.look(x), words)[0]

    @torch.no_grad()
    def say(self, x):
        """The most probable word after each, until <end>: pictures [n, 3, 128, 128] -> n sentences."""
        places, words = self.look(x), torch.full((len(x), 1), START, device=x.device)
        for _ in range(LONGEST):
            words = torch.cat([words, self.tell(places, words)[0][:, :, -1:].argmax(1)], dim=1)
        return [sentence(line) for line in words]


class Generator(Head):
    """Draws a picture that has given features (Dosovitskiy & Brox, Generating images with perceptual similarity metrics
    based on deep networks, NeurIPS 2016): a linear layer, then five times bilinear upsampling and a 3×3 convolution.

    Codes [n, 512], the `features` of its network -> pictures [n, 3, 128, 128] in [0, 1].
    """

    stands_on = "robust"
    widths = (128, 192, 192, 96, 64, 32)

    def __init__(self, network):
        super().__init__(network)
        self.normalize = nn.BatchNorm1d(512, affine=False)  # it learns the mean and the variance of the codes
        self.spread = nn.Linear(512, self.widths[0] * 16)
        layers = []
        for inputs, outputs in zip(self.widths, self.widths[1:]):
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            layers += [nn.Upsample(scale_factor=2, mode="bilinear"), convolution, nn.BatchNorm2d(outputs), nn.ReLU()]
        self.grow = nn.Sequential(*layers, nn.Conv2d(self.widths[-1], 3, 3, padding=1))

    def forward(self, code):
        return self.grow(F.relu(self.spread(self.normalize(code))).unflatten(1, (-1, 4, 4))).sigmoid()


def spell(text):
    """A sentence as word numbers [LONGEST + 1], from START, filled up with END.

    Raises ValueError if a word is none of WORDS.
    """
    unknown = [word for word in text.split() if word not in WORDS]
    if unknown:
        raise ValueError(f"text: {unknown[0]!r} is none of the captioner's words")
    words = [START, *(WORDS.index(word) for word in text.split())]
    return torch.tensor(words + [END] * (LONGEST + 1 - len(words)))


def sentence(words):
    """The text of word numbers [t] that begin with START, up to END."""
    text = [WORDS[word] for word in words[1:]]
    return " ".join(text[: text.index("<end>")] if "<end>" in text else text)


def describe(labels, masks):
    """What a picture of one or two subjects shows, in the order of the alphabet: "a cat to the left of a cup".

    labels: [k]; masks: bool [k, H, W], k being 1 or 2. Left or right, if the middles of the masks lie further apart
    across than down; else above or below.
    """
    found = sorted((SUBJECTS[label], *_middle(mask)) for label, mask in zip(labels, masks))
    if len(found) == 1:
        return f"a {found[0][0]}"
    (first, y, x), (second, y2, x2) = found
    if abs(x2 - x) > abs(y2 - y):
        where = f"to the {'left' if x < x2 else 'right'} of"
    else:
        where = "above" if y < y2 else "below"
    return f"a {first} {where} a {second}"


def _middle(mask):
    rows, columns = torch.where(mask)
    return rows.float().mean().item(), columns.float().mean().item()


def _subjects(pictures):
    """The labels [n, k] and masks [n, k, h, w] of Scenes (k = 1) or Pairs (k = 2)."""
    n, (h, w) = len(pictures.labels), pictures.masks.shape[-2:]
    return pictures.labels.view(n, -1), pictures.masks.view(n, -1, h, w)


def pixel_classes(pictures):
    """What the segmenter should say of Scenes or Pairs: the class of each pixel [n, h, w]."""
    labels, masks = _subjects(pictures)
    return torch.where(masks, labels[..., None, None], len(SUBJECTS)).amin(1)


def captions(pictures):
    """What the captioner should say of Scenes or Pairs: n sentences."""
    return [describe(labels, masks) for labels, masks in zip(*_subjects(pictures))]


HEADS = {"segmenter": Segmenter, "captioner": Captioner, "generator": Generator}


def load_head(name):
    """The "segmenter" or the "captioner" on the course's vgg, or the "generator" on "robust", in eval mode, frozen, on
    the CPU, whatever `source()` says.

    Raises KeyError if the name is none of these, WeightsUnavailable if its weights or its network's are missing or
    damaged.
    """
    head = HEADS[name](load_network(HEADS[name].stands_on, "course"))
    load_weights(name, head)
    return head.eval().requires_grad_(False)
