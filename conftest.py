"""How the tests run: the slowest files first, and a table of what each took."""

import os
import platform
import re
import time
from collections import Counter
from pathlib import Path

import matplotlib
import torch

# No windows. Notebooks run in kernels of their own and keep the inline backend.
matplotlib.use("Agg")
# Nor progress bars, for nbval compares what a notebook's kernel writes to stderr.
os.environ.setdefault("TQDM_DISABLE", "1")

TABLE = Path(__file__).parent / "tests" / "README.md"
ROW = re.compile(r"^\| (\S+) \| (\d+) \|$", re.MULTILINE)
BEGAN = time.time()


def pytest_addoption(parser):
    parser.addoption("--store-times", action="store_true", help="write the table of times into tests/README.md")


def pytest_collection_modifyitems(items):
    """The slowest files first, so that two workers end together (`--no-loadscope-reorder` keeps this order)."""
    seconds = {file: int(value) for file, value in ROW.findall(TABLE.read_text(encoding="utf-8"))}
    items.sort(key=lambda item: -seconds.get(file_of(item.nodeid), 0))


def pytest_terminal_summary(terminalreporter, config):
    reports = [report for kind in terminalreporter.stats.values() for report in kind if hasattr(report, "duration")]
    seconds = Counter()
    for report in reports:
        seconds[file_of(report.nodeid)] += report.duration
    text = table(seconds, time.time() - BEGAN)
    terminalreporter.section("seconds by file")
    terminalreporter.write_line(text)
    if config.option.store_times:
        page = TABLE.read_text(encoding="utf-8")
        TABLE.write_text(page[: page.index("<!-- times -->")] + f"<!-- times -->\n{text}\n", encoding="utf-8")


def file_of(node):
    return node.split("::")[0]


def table(seconds, wall):
    """Markdown: what each file took, what all took, and where."""
    tests = sum(value for file, value in seconds.items() if file.startswith("tests/"))
    rows = [*seconds.most_common(), ("tests/ together", tests), ("from start to end", wall)]
    lines = [f"| {name} | {value:.0f} |" for name, value in rows]
    where = f"Measured on {processor()} ({torch.backends.cpu.get_cpu_capability()})."
    return "\n".join([where, "", "| file | seconds |", "|---|---|", *lines])


def processor():
    """What the processor calls itself."""
    try:
        return re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        return platform.processor() or platform.machine()
