"""The data stage: MNIST, verified, or scikit-learn's digits as a stamped stand-in, split once for every job.

:mod:`hypersvg.data.fashion` makes the images of the stages that train on FashionMNIST.
"""

from hypersvg.data.files import DataError
from hypersvg.data.images_file import prepare

__all__ = ["DataError", "prepare"]
