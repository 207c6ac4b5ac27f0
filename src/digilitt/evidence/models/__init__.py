"""Factor models as text and as tables of parameters; nothing is estimated here."""
