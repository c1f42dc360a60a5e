"""Progress of a training in a notebook."""

import sys
from types import SimpleNamespace

from daybreak.service.training.notebook_progress import default_progress
from daybreak.types import ignore_progress


def notebook(shown, *, kernel=True):
    line = SimpleNamespace(update=shown.append)
    display = SimpleNamespace(HTML=str, display=lambda first, display_id: line)
    shell = SimpleNamespace(kernel=None) if kernel else SimpleNamespace()
    return SimpleNamespace(display=display, get_ipython=lambda: shell)


def test_steps_replace_each_other_in_one_line_of_a_notebook(monkeypatch):
    shown = []
    monkeypatch.setitem(sys.modules, "IPython", notebook(shown))
    progress = default_progress()
    progress("reading <b>events</b>")
    progress("weights")
    assert shown[0].startswith("<small>reading &lt;b&gt;events&lt;/b&gt; · ")
    assert len(shown) == 2


def test_nothing_is_shown_outside_of_notebooks(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", notebook([], kernel=False))
    assert default_progress() is ignore_progress
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert default_progress() is ignore_progress
