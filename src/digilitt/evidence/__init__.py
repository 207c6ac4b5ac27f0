"""What speaks for an instrument, and what does not: the content that its items claim."""
