"""One thread for every test: results do not depend on the machine's cores, and small tensors are faster so."""

import torch

torch.set_num_threads(1)
