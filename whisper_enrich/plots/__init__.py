"""Pictures of what the strategic caches hold, from their rows alone."""
