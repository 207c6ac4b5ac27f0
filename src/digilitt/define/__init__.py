"""What is measured and how, as data: frameworks, instruments, mappings and the catalogue."""
