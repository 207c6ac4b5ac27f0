"""Arrays in; arrays or small frozen dataclasses out. Knows no labels, persons or files."""
