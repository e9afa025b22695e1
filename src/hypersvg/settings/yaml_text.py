"""YAML as people write settings: ``1e-4`` is a number, a key may stand only once, and there are no aliases."""

import re
from typing import Any

import yaml


class SettingsLoader(yaml.SafeLoader):
    """PyYAML's safe loader without repeated keys and aliases, with YAML 1.2's numbers (1.1 reads ``1e-4`` as text)."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One node; raises ``yaml.composer.ComposerError`` for an alias: a few of them can stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            alias = self.get_event()  # type: ignore[no-untyped-call]
            problem = f"aliases (*{alias.anchor}) are not taken; write the value out"
            raise yaml.composer.ComposerError(None, None, problem, alias.start_mark)
        return super().compose_node(parent, index)

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
    """Parse ``text``; raises ``yaml.YAMLError`` or ``ValueError`` where that cannot be."""
    try:
        return yaml.load(text, Loader=SettingsLoader)
    except (LookupError, AttributeError, TypeError, ArithmeticError, RecursionError) as error:
        # PyYAML's constructors raise these for a value that does not fit its own tag: !!int "", !!bool maybe
        raise ValueError(f"a value does not fit its tag, or is nested too deeply ({error})") from None
