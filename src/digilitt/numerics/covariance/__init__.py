"""Models of covariances, means and thresholds, and their estimation."""
