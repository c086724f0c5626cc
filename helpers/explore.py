"""Explorers: controls, and a picture that is drawn anew when one of them changes."""

import ipywidgets as widgets

from helpers.show import png


class Explorer(widgets.VBox):
    """Controls above the figure that `draw(**values)` makes of their values.

    draw: a plain function that returns a matplotlib figure; controls: name -> widget with a `value`.
    An error in `draw` is shown as a line of text, not as a traceback.
    """

    def __init__(self, draw, **controls):
        self.draw, self.controls = draw, controls
        self.picture, self.message = widgets.Image(format="png"), widgets.Label()
        super().__init__([widgets.HBox(list(controls.values())), self.message, self.picture])
        for control in controls.values():
            control.observe(self.update, "value")
        self.update()

    def update(self, change=None):
        """Draw the figure for the controls' values."""
        try:
            figure = self.draw(**{name: control.value for name, control in self.controls.items()})
        except ValueError as error:
            self.message.value = str(error)
            return
        self.message.value, self.picture.value = "", png(figure)

    def __repr__(self):
        return f"Explorer of {', '.join(self.controls)}: run the notebook to use it; the figure below shows where it starts."


def choice(name, options, value=None):
    """A drop-down menu; `value` is what it starts at (the first option unless given)."""
    return widgets.Dropdown(description=name, options=options, **_start(value))


def slider(name, options, value=None):
    """A slider over a list of values."""
    return widgets.SelectionSlider(description=name, options=options, continuous_update=False, **_start(value))


def upload(name):
    """A button for a user's own picture; its value is () until a file is chosen, then a tuple of one dictionary whose
    "content" is the file's bytes (for `helpers.load_image`)."""
    return widgets.FileUpload(description=name, accept="image/*", multiple=False)


def _start(value):
    return {} if value is None else {"value": value}
