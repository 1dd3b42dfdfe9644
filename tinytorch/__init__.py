"""TinyTorch: a small PyTorch, and a book on optimizers that runs."""

__version__ = "0.1.0"
