"""The older place of the functions for pictures in `utils`, and `smart_resize`."""

from oxhorn.utils.images import array_to_img, img_to_array, load_img, save_img, smart_resize

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]
