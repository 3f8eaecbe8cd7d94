"""Stack sets in the place of moto's. Where to start reading:

``stacksets_api.py`` answers requests and ``stacksets_types.py`` holds AWS::CloudFormation::StackSet; both call
``stacksets_admin.py``. ``stacksets_access.py`` says who may operate a set and which accounts it means,
``stacksets_engine.py`` makes the stacks, ``stacksets_model.py`` is what is remembered.
"""

from __future__ import annotations

from moto.cloudformation.responses import CloudFormationResponse

from . import stacksets_admin, stacksets_api, stacksets_types


def register() -> None:
    """Replace moto's operations, define the type, and listen to who joins and leaves organizations."""
    for operation in stacksets_api.OPERATIONS:
        setattr(CloudFormationResponse, operation.__name__, operation)
    CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER = {
        path: change
        for path, change in CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if not path.startswith("DescribeStackSetOutput")
    }
    stacksets_types.register()
    stacksets_admin.listen()
