"""Models for other programs."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.export.onnx_file import export_onnx
else:
    __getattr__, __dir__ = lazy.names(__name__, {"oxhorn.export.onnx_file": "export_onnx"})

__all__ = ["export_onnx"]
