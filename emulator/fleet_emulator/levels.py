"""How far a resource of the emulator can be trusted."""

EMULATED = "emulated"
"""A stateful backend, moto's or ours, really holds the resource: its API shows it."""

MODELLED = "modelled"
"""The properties were checked against the registry schema; nothing stands behind the resource."""
