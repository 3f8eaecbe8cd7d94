"""What must stand before moto is imported, so that it reads a tenth of the data that it keeps otherwise.

botocore makes ordered dictionaries of every file it reads, several times the size and time of plain ones, which are ordered too.
moto reads at import which instance types every Region of AWS offers: 60 MB that only launches of instances look at.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from botocore.loaders import JSONFileLoader

OFFERINGS = "instance_type_offerings"
READERS = ("instance_types", "instances", "spot_requests")
"""moto's modules that look at what instance types are offered."""


def prepare() -> None:
    """Import moto's EC2, lean."""
    _read_models_plainly()
    listed = os.listdir

    def without_offerings(path: Any = ".") -> list[Any]:
        return [] if str(path).endswith(OFFERINGS) else listed(path)

    vars(os)["listdir"] = without_offerings
    try:
        modules = [importlib.import_module(f"moto.ec2.models.{name}") for name in READERS]
    finally:
        vars(os)["listdir"] = listed
    for module in modules:
        vars(module)["INSTANCE_TYPE_OFFERINGS"] = _ALL


def _read_models_plainly() -> None:
    original = JSONFileLoader._load_file

    @wraps(original)  # so that seams.py still sees the parameters of botocore's own
    def read(self: JSONFileLoader, full_path: str, open_method: Callable[..., Any]) -> Any:
        if not os.path.isfile(full_path):
            return None
        with open_method(full_path, "rb") as file:
            return json.loads(file.read())

    JSONFileLoader._load_file = read


class Offerings(dict[str, Any]):
    """The instance types of each Region for one kind of place, each read when somebody asks for it."""

    def __init__(self, kind: str) -> None:
        """``kind`` is region, availability-zone or availability-zone-id."""
        super().__init__()
        self._kind = kind

    def get(self, region: str, default: Any = None) -> Any:
        """The offerings of the Region; ``default`` where moto has none."""
        try:
            return self[region]
        except KeyError:
            return default

    def __missing__(self, region: str) -> Any:
        """Read what moto ships for the Region."""
        from moto.utilities.utils import load_resource  # late: moto must not be imported before it is made lean

        try:
            found = load_resource(f"ec2/resources/{OFFERINGS}/{self._kind}/{region}.json")
        except FileNotFoundError:
            raise KeyError(region) from None
        for offering in found:
            offering["LocationType"] = self._kind
        self[region] = found
        return found


_ALL = {kind: Offerings(kind) for kind in ("region", "availability-zone", "availability-zone-id")}
