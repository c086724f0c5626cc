"""Run notebooks and store their outputs anew.

    python -m helpers.make.refresh notebooks/01_weights.ipynb …
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbstripout import strip_output

WIDGET = "application/vnd.jupyter.widget-view+json"  # without its state, which is not stored, an error in its place


def executed(notebook, folder):
    """A notebook (nbformat) as it is after its cells ran in `folder`, with what is stored of it."""
    NotebookClient(notebook, timeout=None, record_timing=False, store_widget_state=False, coalesce_streams=True,
                   resources={"metadata": {"path": folder}}).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return strip_output(notebook, keep_output=True, keep_count=True, keep_id=True)


def main():
    os.environ["TQDM_DISABLE"] = "1"
    for path in map(Path, sys.argv[1:]):
        print(path, flush=True)
        nbformat.write(executed(nbformat.read(path, as_version=4), str(path.parent)), path)


if __name__ == "__main__":
    main()
