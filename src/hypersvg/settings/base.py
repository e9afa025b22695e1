"""What all settings blocks share: the base class and the types of their fields."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

Rate = Annotated[float, Field(gt=0, le=10)]
Rates = Annotated[list[Rate], Field(min_length=1)]
Widths = Annotated[list[PositiveInt], Field(min_length=1)]
LogRate = Annotated[float, Field(ge=-10, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Block(BaseModel):
    """Base of all blocks: unknown keys are refused and values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)
