"""ARNs of things that moto holds under names: stacks and change sets."""

from __future__ import annotations

from .stacks_model import store


def stack_arn(name: str, account: str, region: str) -> str:
    """The stack's id; for one that does not exist yet, its ARN with * in place of the id that it will get."""
    if name.startswith("arn:"):
        return name
    stack = store(account, region).find(name)
    if stack is not None:
        return stack.stack_id
    return f"arn:aws:cloudformation:{region}:{account}:stack/{name}/*"


def change_set_stacks(account: str, region: str) -> dict[str, str]:
    """The id of the stack of every change set, by the change set's ARN."""
    return {arn: change_set.stack.stack_id for arn, change_set in store(account, region).change_sets.items()}
