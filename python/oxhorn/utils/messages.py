"""Writing to the user's terminal or notebook: flushed, and never failing over a character."""

from __future__ import annotations

import sys

from oxhorn.config import is_interactive_logging_enabled

_PLAIN = str.maketrans({"━": "=", "│": "|", "─": "-"})


def print_message(text: str, end: str = "\n") -> None:
    """Write `text` to standard output and flush it.

    After `config.disable_interactive_logging()` it goes to the logger `"oxhorn"` instead. A terminal that cannot show
    box-drawing characters gets plain ones instead of an error.

    Args:
        text: what to print.
        end: what to print after it.

    Example:
        >>> from oxhorn.utils.messages import print_message
        >>> print_message("ready")
        ready
    """
    if not is_interactive_logging_enabled():
        import logging  # Slow to import, and hardly ever asked for.

        logging.getLogger("oxhorn").info(text)
        return
    out = sys.stdout
    if out is None:  # pythonw and some services have no standard output
        return
    message = text + end
    try:
        out.write(message)
    except UnicodeEncodeError:
        encoding = getattr(out, "encoding", None) or "ascii"
        out.write(message.translate(_PLAIN).encode(encoding, errors="replace").decode(encoding))
    out.flush()
