"""What everything is made of: tensors, their derivatives, layers, losses."""
