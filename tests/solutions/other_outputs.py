"""Solutions of the exercises of notebook 06b: {check: (right ones, wrong ones)}, each the source of the function."""

SOLUTIONS = {}

IOU = """
def iou_of_class(found, true, c):
    mine, theirs = found == c, true == c
    return {}
"""
SOLUTIONS["iou_of_class"] = ["""
def iou_of_class(found, true, c):
    both = sum(a == b == c for a, b in zip(found.flatten().tolist(), true.flatten().tolist()))
    return both / ((found == c).sum() + (true == c).sum() - both).item()
""", IOU.format("torch.logical_and(mine, theirs).sum() / torch.logical_or(mine, theirs).sum()")], [IOU.format(wrong) for wrong in (
    "((mine & theirs).sum((1, 2)) / (mine | theirs).sum((1, 2))).mean().item()", "((mine & theirs).sum() / theirs.sum()).item()",
    "((mine & theirs).sum() / mine.sum()).item()", "(mine == theirs).float().mean().item()", "((mine & theirs) / (mine | theirs)).mean().item()",
    "(2 * (mine & theirs).sum() / (mine.sum() + theirs.sum())).item()", "((mine & theirs).sum() / (mine.sum() + theirs.sum())).item()",
    "((found == true).sum() / found.numel()).item()", "((found == true).sum() / (mine | theirs).sum()).item()",
    "((mine & theirs).sum() / found.numel()).item()", "(mine & theirs).sum((1, 2)) / (mine | theirs).sum((1, 2))",
    "((mine & theirs).sum() / (mine ^ theirs).sum()).item()")] + ["""
def iou_of_class(found, true, c):  # always class 1
    mine, theirs = found == 1, true == 1
    return ((mine & theirs).sum() / (mine | theirs).sum()).item()
"""]

ATTEND = """
def attend(places, query):
    attention = {}
    return {}
"""
WEIGHTS, COLUMN = "(query @ places / 8).softmax(dim=0)", "attention, places @ attention"
SOLUTIONS["attend"] = ["""
def attend(places, query):
    match = torch.stack([(column * query).sum() for column in places.T]) / 8
    weights = match.exp() / match.exp().sum()
    return weights, (places * weights).sum(dim=1)
"""], [ATTEND.format(*each) for each in (
    ("(query @ places).softmax(dim=0)", COLUMN), ("query @ places / 8", COLUMN), ("(query @ places / 64).softmax(dim=0)", COLUMN),
    ("(query @ places / 8).sigmoid()", COLUMN), ("(query @ places).softmax(dim=0) / 8", COLUMN),
    ("F.relu(query @ places) / F.relu(query @ places).sum()", COLUMN),
    (WEIGHTS, "attention, places.mean(dim=1)"), (WEIGHTS, "attention, places[:, attention.argmax()]"), (WEIGHTS, "attention, attention @ places"),
    (WEIGHTS, "attention, places * attention"), (WEIGHTS, "places @ attention, attention"), (WEIGHTS, "attention"),
    ("(places @ query / 8).softmax(dim=0)", "attention, attention @ places"), ("(query @ places / 8).softmax(dim=0)[:, None]", COLUMN))]

SPOKEN = """
def word_probabilities(captioner, image, text):
    words = spell(text).to(image.device)
    with torch.no_grad():
        logits = captioner({image}, words[None, :-1])[0]
    return {found}
"""
SAID = dict(image="image", found="logits.softmax(dim=0).gather(0, words[None, 1:])[0, : len(text.split())].cpu()")
SOLUTIONS["word_probabilities"] = ["""
@torch.no_grad()
def word_probabilities(captioner, image, text):
    words, found = spell(text).tolist(), []
    for i in range(len(text.split())):
        logits = captioner(image, torch.tensor([words[:-1]], device=image.device))[0, :, i]
        found.append((logits - logits.logsumexp(0)).exp()[words[i + 1]].item())
    return torch.tensor(found)
""", """
def word_probabilities(captioner, image, text):
    words = spell(text).to(image.device)
    with torch.no_grad():
        logits, attention = captioner.tell(captioner.look(image), words[None])
    chance = torch.softmax(logits[0].T, dim=1)
    return torch.stack([row[word] for row, word in zip(chance, words[1 : 1 + len(text.split())])])
"""], [SPOKEN.format(**(SAID | change)) for change in (
    dict(found="logits.gather(0, words[None, 1:])[0, : len(text.split())].cpu()"),
    dict(found="logits.softmax(dim=1).gather(0, words[None, 1:])[0, : len(text.split())].cpu()"),
    dict(found="logits.softmax(dim=0).gather(0, words[None, :-1])[0, : len(text.split())].cpu()"),
    dict(found="logits.sigmoid().gather(0, words[None, 1:])[0, : len(text.split())].cpu()"),
    dict(found="logits.softmax(dim=0).gather(0, words[None, 1:])[0].cpu()"),
    dict(found="logits.softmax(dim=0).gather(0, words[None, 1:])[0, : len(text.split()) + 1].cpu()"),
    dict(found="logits.softmax(dim=0).gather(0, words[None, 1:])[0, : len(text.split())].cumprod(0).cpu()"), dict(image="torch.full_like(image, 0.45)"),
    dict(found="logits.log_softmax(dim=0).gather(0, words[None, 1:])[0, : len(text.split())].cpu()"),
    dict(found="logits.softmax(dim=0).amax(dim=0)[: len(text.split())].cpu()"), dict(found="logits.softmax(dim=0)[:, : len(text.split())].cpu()"),
    dict(found="logits.softmax(dim=0)[:, 1:].gather(0, words[None, 1:-1])[0, : len(text.split())].cpu()"),
    dict(found="logits.softmax(dim=0).gather(0, words[None, 1:])[0, : len(text.split())].prod()"))] + ["""
def word_probabilities(captioner, image, text):  # reads what it would say itself
    words, said = spell(text), spell(captioner.say(image)[0])
    chance = captioner(image, said[None, :-1])[0].softmax(dim=0)
    return chance.gather(0, words[None, 1:])[0, : len(text.split())]
"""]
