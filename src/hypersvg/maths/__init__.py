"""Pure mathematics: tensors in, tensors out, no files, no globals, explicit generators."""
