"""The checks of the exercises, a file a notebook: `check.NAME(NAME)` stands below the exercise that asks for NAME."""

from helpers.checks.activations import effective_size, pillars, strongest_places, units_that_see
from helpers.checks.adversarial import few_pixels, mean_gradient, smallest_epsilon
from helpers.checks.ascent import ascend, bootstrap_difference, total_variation
from helpers.checks.base import NotBegun, Wrong, overview, progress
from helpers.checks.inversion import dream_around, invert_by_hand, variation_map
from helpers.checks.many_styles import CIN, adaptive_instance_norm, corner_weights
from helpers.checks.maps import bounding_box, cam_weight_over_alpha, counterfactual_map, grad_cam, layer_cam
from helpers.checks.neighbors import nearest, nearest_by_cosine, times_chosen, vote, whitening
from helpers.checks.reduction import classical_mds, neighbors_kept, pca, perplexity, reconstruct
from helpers.checks.saliency import guided_rule, integrated_gradients, share_of_wins, smooth_grad, specificity
from helpers.checks.style import gram_of_region, keep_colors, normalize_instance
from helpers.checks.texture import gram_by_reshape, most_known, seam
from helpers.checks.weights import color_share, direction, on_one_scale, shuffled

__all__ = [
    "CIN", "NotBegun", "Wrong", "adaptive_instance_norm", "ascend", "bootstrap_difference", "bounding_box",
    "cam_weight_over_alpha", "classical_mds", "color_share", "corner_weights", "counterfactual_map", "direction",
    "dream_around", "effective_size", "few_pixels", "grad_cam", "gram_by_reshape", "gram_of_region", "guided_rule",
    "integrated_gradients", "invert_by_hand", "keep_colors", "layer_cam", "mean_gradient", "most_known", "nearest",
    "nearest_by_cosine", "neighbors_kept", "normalize_instance", "on_one_scale", "overview", "pca", "perplexity",
    "pillars", "progress", "reconstruct", "seam", "share_of_wins", "shuffled", "smallest_epsilon", "smooth_grad",
    "specificity", "strongest_places", "times_chosen", "total_variation", "units_that_see", "variation_map", "vote",
    "whitening"]
