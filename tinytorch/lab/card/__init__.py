"""The report card of an optimizer: diagnoses, small workloads, and the book's rules beside it."""

from tinytorch.lab.card.card import Card, report_card

__all__ = ["Card", "report_card"]
