"""Data in all the forms that `fit`, `evaluate` and `predict` accept."""
