"""Pictures of graphs as SVG, made without anything installed."""

from oxhorn.utils.drawing.arrange import Arrangement, Edge, arrange
from oxhorn.utils.drawing.boxes import Box, Group, Line, Link, draw
from oxhorn.utils.drawing.picture import Picture

__all__ = ["Arrangement", "Box", "Edge", "Group", "Line", "Link", "Picture", "arrange", "draw"]
