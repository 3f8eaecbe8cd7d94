Feature: People get what they need, and no longer than they need it

  Background:
    Given the template of product "permission-sets"
    And with the parameters of its manifest

  Scenario: Sessions are short
    Then every AWS::SSO::PermissionSet has property "SessionDuration" equal to "PT4H"
    And the parameter "SessionHours" refuses "12"

  Scenario: Viewers see no more than they were given
    Then the resource "Viewer" has property "ManagedPolicies[0]" equal to "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    And the resource "Viewer" has property "PermissionsBoundary.ManagedPolicyArn" equal to "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    And no AWS::SSO::PermissionSet has property "ManagedPolicies[1]"

  Scenario: Auditors read settings, and no data
    Then the resource "Auditor" has property "ManagedPolicies[0]" equal to "arn:aws:iam::aws:policy/SecurityAudit"
    And the resource "Auditor" has property "PermissionsBoundary.ManagedPolicyArn" equal to "arn:aws:iam::aws:policy/SecurityAudit"
    And the resource "Auditor" has property "InlinePolicy.Statement[0].Effect" equal to "Deny"
    And the resource "Auditor" has property "InlinePolicy.Statement[0].Action[4]" equal to "kms:Decrypt"
    And the resource "Auditor" has property "InlinePolicy.Statement[0].Action[5]" equal to "s3:GetObject"
    And the resource "Auditor" has property "InlinePolicy.Statement[0].Action[7]" equal to "secretsmanager:GetSecretValue"

  Scenario: Consumers use the shared services and nothing else
    Then the resource "Consumer" has property "ManagedPolicies[0]" equal to "arn:aws:iam::aws:policy/AWSServiceCatalogEndUserFullAccess"
    And no AWS::SSO::PermissionSet has property "CustomerManagedPolicyReferences"

  Scenario: Consumers can be bounded
    Given with the parameters of test "bounded"
    Then the resource "Consumer" has property "PermissionsBoundary.CustomerManagedPolicyReference.Name" equal to "people-boundary"

  Scenario: Nobody gets anything unasked
    Then there is no AWS::SSO::Assignment

  Scenario: A group gets its own set, in one account
    Given with parameter "AccountId" set to "555555555555"
    And with parameter "AuditorGroupId" set to "11111111-2222-3333-4444-555555555555"
    Then there are 1 AWS::SSO::Assignment
    And the resource "AuditorAssignment" has property "PermissionSetArn" referring to "Auditor"
    And the resource "AuditorAssignment" has property "TargetId" equal to "555555555555"
    And the resource "AuditorAssignment" has property "PrincipalType" equal to "GROUP"
    And the resource "AuditorAssignment" has property "PrincipalId" equal to "11111111-2222-3333-4444-555555555555"

  Scenario: Each group gets the set that is meant for it
    Given with parameter "AccountId" set to "555555555555"
    And with parameter "ViewerGroupId" set to "11111111-2222-3333-4444-555555555555"
    And with parameter "ConsumerGroupId" set to "66666666-7777-8888-9999-000000000000"
    Then the resource "ViewerAssignment" has property "PermissionSetArn" referring to "Viewer"
    And the resource "ViewerAssignment" has property "PrincipalId" equal to "11111111-2222-3333-4444-555555555555"
    And the resource "ConsumerAssignment" has property "PermissionSetArn" referring to "Consumer"
    And the resource "ConsumerAssignment" has property "PrincipalId" equal to "66666666-7777-8888-9999-000000000000"
    And every AWS::SSO::Assignment has property "PrincipalType" equal to "GROUP"
    And every AWS::SSO::Assignment has property "TargetId" equal to "555555555555"

  Scenario: Sets are found under the names that people were told
    Then the resource "Viewer" has property "Name" equal to "FleetViewer"
    And the resource "Auditor" has property "Name" equal to "FleetAuditor"
    And the resource "Consumer" has property "Name" equal to "FleetConsumer"

  Scenario: Portfolios can be opened to consumers
    Then the output "ConsumerRolePattern" is "arn:aws:iam:::role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_FleetConsumer_*"

  Scenario: Viewers and consumers get theirs too
    Given with parameter "AccountId" set to "555555555555"
    And with parameter "ViewerGroupId" set to "11111111-2222-3333-4444-555555555555"
    And with parameter "ConsumerGroupId" set to "11111111-2222-3333-4444-666666666666"
    Then there are 2 AWS::SSO::Assignment
    And the resource "ViewerAssignment" has property "PermissionSetArn" referring to "Viewer"
    And the resource "ConsumerAssignment" has property "PermissionSetArn" referring to "Consumer"
