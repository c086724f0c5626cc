"""Explorers: controls, and a picture that is drawn anew when one of them changes."""

import ipywidgets as widgets

from helpers.show import png


class Explorer(widgets.VBox):
    """Controls above the figure that `draw(**values)` makes of their values.

    draw: a plain function that returns a matplotlib figure; controls: name -> widget with a `value`.
    A ValueError in `draw` is shown as a line of text, not as a traceback. If a file was uploaded, it is put aside, and
    the figure is drawn as before any upload.
    """

    def __init__(self, draw, **controls):
        self.draw, self.controls = draw, controls
        self.picture = widgets.Image(format="png", layout={"align_self": "flex-start"})
        self.message = widgets.Label(layout={"display": "none"})
        super().__init__([widgets.HBox(list(controls.values()), layout={"flex_flow": "row wrap"}), self.message,
                          self.picture])
        for control in controls.values():
            control.observe(self.update, "value")
        self.update()

    def update(self, change=None):
        """Draw the figure for the controls' values."""
        try:
            self.picture.value, self.message.value = png(self.draw(**self.values())), ""
        except ValueError as error:
            self.message.value = str(error)
            self.drop_uploads()
        self.message.layout.display = "flex" if self.message.value else "none"  # or it leaves a gap

    def values(self):
        return {name: control.value for name, control in self.controls.items()}

    def drop_uploads(self):
        """Put uploaded files aside, and draw without them below the message."""
        uploads = [control for control in self.controls.values()
                   if isinstance(control, widgets.FileUpload) and control.value]
        for control in uploads:
            control.unobserve(self.update, "value")
            control.value = ()
            control.observe(self.update, "value")
        if uploads:
            self.message.value = self.message.value.rstrip(".") + ". The figure is drawn without it."
            self.picture.value = png(self.draw(**self.values()))

    def __repr__(self):
        names = ", ".join(self.controls)
        return f"Explorer of {names}: run the notebook to use it; the figure below shows where it starts."


def choice(name, options, value=None):
    """A drop-down menu; `value` is what it starts at (the first option unless given)."""
    return widgets.Dropdown(description=name, options=options, **_start(value))


def slider(name, options, value=None):
    """A slider over a list of values."""
    return widgets.SelectionSlider(description=name, options=options, continuous_update=False, **_start(value))


def upload(name):
    """A button for a user's own picture; its value is () until a file is chosen, then a tuple of one dictionary whose
    "content" is the file's bytes (for `helpers.load_image`). Jupyter's server drops a message of more than 10 MB
    without a word, so the button names a limit; `make lab` allows 100 MB."""
    tooltip = "A larger file may never arrive, and the button then stays blocked: run the cell again."
    return widgets.FileUpload(description=f"{name}, up to 7 MB", accept="image/*", multiple=False, tooltip=tooltip,
                              layout={"width": "max-content"})


def _start(value):
    return {} if value is None else {"value": value}
