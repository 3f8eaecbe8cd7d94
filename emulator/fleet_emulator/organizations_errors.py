"""How Organizations refuses, with its codes and words.

Sources: botocore's model of Organizations (codes, reasons, descriptions); messages as users of the service quote them.
"""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class Refused(ServiceException):
    """An error of Organizations; ``Reason`` goes to the caller where the error's shape has one."""

    def __init__(self, code: str, message: str, reason: str = "") -> None:
        """``code`` is the name of the error's shape; ``reason`` one of the enumeration that it documents."""
        super().__init__(code, message)
        if reason:
            self.Reason = reason


MESSAGES = {
    "AWSOrganizationsNotInUseException": "Your account is not a member of an organization.",
    "AccessDeniedException": "You don't have permissions to access this resource.",
    "AccountAlreadyClosedException": "The provided account is already closed.",
    "AccountAlreadyRegisteredException": "The provided account is already a delegated administrator for your organization.",
    "AccountNotFoundException": "You specified an account that doesn't exist.",
    "AccountNotRegisteredException": "The provided account is not a registered delegated administrator for your organization.",
    "AlreadyInOrganizationException": "The AWS account is already a member of an organization.",
    "ChildNotFoundException": "You specified a child that doesn't exist.",
    "CreateAccountStatusNotFoundException": "You specified a create account request that doesn't exist.",
    "DestinationParentNotFoundException": "You specified a destination parent that doesn't exist.",
    "DuplicateAccountException": "The account is already present in the specified destination.",
    "DuplicateOrganizationalUnitException": "An OU with the same name already exists.",
    "DuplicatePolicyAttachmentException": "The selected policy is already attached to the specified target.",
    "DuplicatePolicyException": "A policy with the specified name and type already exists.",
    "EffectivePolicyNotFoundException": "There is no effective policy of the specified type for the account.",
    "MalformedPolicyDocumentException": (
        "The provided policy document does not meet the requirements of the specified policy type."
    ),
    "MasterCannotLeaveOrganizationException": "You can't remove the management account from its organization.",
    "OrganizationNotEmptyException": ("To delete an organization you must first remove all member accounts (except the master)."),
    "OrganizationalUnitNotEmptyException": (
        "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try "
        "the operation again."
    ),
    "OrganizationalUnitNotFoundException": "You specified an organizational unit that doesn't exist.",
    "ParentNotFoundException": "You specified parent that doesn't exist.",
    "PolicyInUseException": (
        "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before "
        "performing this operation."
    ),
    "PolicyNotAttachedException": "The policy isn't attached to the specified target in the specified root.",
    "PolicyNotFoundException": "You specified a policy that doesn't exist.",
    "PolicyTypeAlreadyEnabledException": "The specified policy type is already enabled.",
    "PolicyTypeNotEnabledException": "This operation can be performed only for enabled policy types.",
    "ResourcePolicyNotFoundException": "We can't find a resource policy request with the parameter that you specified.",
    "RootNotFoundException": "You specified a root that doesn't exist.",
    "SourceParentNotFoundException": "You specified a source parent that doesn't exist.",
    "TargetNotFoundException": "You specified a target that doesn't exist.",
}

CONSTRAINTS = {
    "ACCOUNT_NUMBER_LIMIT_EXCEEDED": "You have exceeded the allowed number of AWS accounts.",
    "CANNOT_CLOSE_MANAGEMENT_ACCOUNT": "You cannot close the management account of an organization.",
    "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR": (
        "You cannot register master account/yourself as delegated administrator for your organization."
    ),
    "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR": (
        "You cannot register a suspended account as a delegated administrator."
    ),
    "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG": (
        "You cannot remove an account that is registered as a delegated administrator for a service."
    ),
    "CLOSE_ACCOUNT_QUOTA_EXCEEDED": "You have exceeded close account quota for the past 30 days.",
    "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": "You have attached the maximum number of policies to the specified target.",
    "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": (
        "You cannot remove the last policy attached to the specified target. You must have at least one attached at all times."
    ),
    "OU_DEPTH_LIMIT_EXCEEDED": (
        "You cannot add an organizational unit to the specified parent because it would exceed the max depth allowed."
    ),
    "OU_NUMBER_LIMIT_EXCEEDED": "You have exceeded the number of organizational units allowed in an organization.",
    "POLICY_CONTENT_LIMIT_EXCEEDED": "You have exceeded the maximum policy size.",
    "POLICY_NUMBER_LIMIT_EXCEEDED": "You have exceeded the number of policies allowed in an organization.",
    "SERVICE_ACCESS_NOT_ENABLED": (
        "You must enable service access for the service before you register a delegated administrator for it."
    ),
    "WAIT_PERIOD_ACTIVE": (
        "This operation requires a wait period: an account that was created in the organization must be at least four days old."
    ),
}


def refusal(code: str) -> Refused:
    """The error of that code, in its usual words."""
    return Refused(code, MESSAGES[code])


def violates(reason: str) -> Refused:
    """A ConstraintViolationException for the reason."""
    return Refused("ConstraintViolationException", CONSTRAINTS[reason], reason)


def invalid(message: str, reason: str = "INVALID_PATTERN") -> Refused:
    """An InvalidInputException."""
    return Refused("InvalidInputException", message, reason)
