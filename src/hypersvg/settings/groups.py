"""The parts of the project that are run by themselves."""

from pathlib import Path
from typing import Literal

Group = Literal["thesis", "estimators"]
"""The thesis, and the gradient estimators of unrolled computation."""
CLAIMS: dict[Group, Path] = {
    "thesis": Path("config", "claims.yaml"),
    "estimators": Path("config", "claims_estimators.yaml"),
}
"""The claims that the runs of a group are judged by; a file is a family of simultaneous intervals."""
