"""How a learner's version takes the place of each kind of thing; see `tinytorch.exports`."""
