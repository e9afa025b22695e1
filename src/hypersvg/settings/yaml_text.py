"""YAML as people write settings: ``1e-4`` is a number, and a key may stand only once."""

import re
from typing import Any

import yaml


class SettingsLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the numbers of YAML 1.2 (YAML 1.1 reads ``1e-4`` as text) and no repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """One mapping; raises ``yaml.constructor.ConstructorError`` when a key stands in it twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key '{key.value}' stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


SettingsLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def read_yaml(text: str) -> Any:
    """Parse ``text``; raises ``yaml.YAMLError``, or ``ValueError`` for a number or date that cannot be."""
    return yaml.load(text, Loader=SettingsLoader)
