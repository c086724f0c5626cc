"""What makes the repository's own files: weights, masks, labs, the README's pictures."""
