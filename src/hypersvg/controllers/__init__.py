"""Who chooses the learning rate. A new method is one file that keeps :class:`hypersvg.training.Controller`."""
