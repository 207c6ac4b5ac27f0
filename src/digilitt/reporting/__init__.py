"""What a reader sees: content, then its renderings. Shows results, computes none."""
