"""Functions of images: sizes, colours, filters, and maps of coordinates."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.ops.image.borders import crop_images, pad_images
    from oxhorn.ops.image.colors import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
    from oxhorn.ops.image.filters import gaussian_blur, sobel_edges
    from oxhorn.ops.image.patches import extract_patches, extract_patches_3d
    from oxhorn.ops.image.resizing import resize, scale_and_translate
    from oxhorn.ops.image.sampling import map_coordinates
    from oxhorn.ops.image.similarity import ssim
    from oxhorn.ops.image.warping import affine_transform, elastic_transform, perspective_transform
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.ops.image.borders": "crop_images, pad_images",
            "oxhorn.ops.image.colors": "hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv",
            "oxhorn.ops.image.filters": "gaussian_blur, sobel_edges",
            "oxhorn.ops.image.patches": "extract_patches, extract_patches_3d",
            "oxhorn.ops.image.resizing": "resize, scale_and_translate",
            "oxhorn.ops.image.sampling": "map_coordinates",
            "oxhorn.ops.image.similarity": "ssim",
            "oxhorn.ops.image.warping": "affine_transform, elastic_transform, perspective_transform",
        },
    )

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]
