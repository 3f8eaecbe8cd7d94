"""Rules whose targets the rehearsal plays: builds and pipelines. Such an event is taken, and nothing runs here. Topics hear it.

moto invokes some kinds of targets and fails on all others. Here a rule may have targets of both kinds; those that moto knows are
invoked as ever. Source: PutEvents in the EventBridge API Reference: the answer does not say what became of an event's targets.
"""

from __future__ import annotations

from typing import Any

from moto.events.models import Rule

from . import event_delivery

PLAYED = frozenset({"codebuild", "codepipeline", "sns"})
"""Services of targets, as in their ARNs, that moto does not know; ``event_delivery.py`` publishes to topics."""


def register() -> None:
    """Let moto see only the targets that it knows, and publish to topics."""
    invoke = Rule.send_to_targets

    def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
        targets = self.targets
        self.targets = [target for target in targets if target["Arn"].split(":")[2] not in PLAYED]
        try:
            if self.targets:
                invoke(self, original_event, transform_input)
        finally:
            self.targets = targets
        event_delivery.deliver(self, original_event, transform_input)

    Rule.send_to_targets = send_to_targets  # type: ignore[method-assign]
