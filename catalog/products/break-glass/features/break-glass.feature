Feature: Emergencies have a way in that nobody uses unseen

  Background:
    Given the template of product "break-glass"
    And with the parameters of its manifest

  Scenario: Only named people with a fresh second factor take the role
    Then the role "Role" may be assumed only by "arn:aws:iam::222222222222:root"
    And the resource "Role" has property "AssumeRolePolicyDocument.Statement[].Condition.Bool.aws:MultiFactorAuthPresent" equal to "true"
    And the resource "Role" has property "AssumeRolePolicyDocument.Statement[].Condition.NumericLessThan.aws:MultiFactorAuthAge" equal to "900"
    And the resource "Role" has property "AssumeRolePolicyDocument.Statement[].Condition.ArnLike.aws:PrincipalArn" equal to "arn:aws:iam::222222222222:user/break-glass/*"
    And the parameter "TrustedUsers" refuses "*"
    And the parameter "TrustedUsers" refuses "role/anybody"

  Scenario: The session ends within the hour and carries the person's name
    Then the resource "Role" has property "MaxSessionDuration" equal to "3600"
    And the resource "Role" has property "AssumeRolePolicyDocument.Statement[].Condition.StringEquals.sts:RoleSessionName" equal to "${aws:username}"

  Scenario: It stays within the fleet's bounds, and grants itself nothing
    Then every AWS::IAM::Role has the permissions boundary
    And the role "Role", managed policies aside, cannot "iam:*"
    And the role "Role", managed policies aside, cannot "organizations:*"
    And the role "Role", managed policies aside, cannot "cloudtrail:StopLogging"
    And the role "Role", managed policies aside, cannot "kms:Decrypt"
    And the role "Role", managed policies aside, cannot "s3:GetObject"

  Scenario: It can contain damage
    Then the role "Role" can "ec2:StopInstances"
    And the role "Role" can "ec2:RevokeSecurityGroupIngress"
    And the role "Role" can "kms:CancelKeyDeletion"
    And the role "Role" can "cloudtrail:StartLogging"

  Scenario: Every use raises an alarm
    Then the resource "RoleTaken" has property "EventPattern.detail.requestParameters.roleArn[]" referring to "Role"
    And the resource "RoleTaken" has property "EventPattern.detail.eventName[]" equal to "AssumeRole"
    And the resource "RoleTaken" has property "State" equal to "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    And the resource "RoleChangesSomething" has property "EventPattern.detail.userIdentity.sessionContext.sessionIssuer.arn[]" referring to "Role"
    And every AWS::Events::Rule has property "Targets[0].Arn"
    And the resource "RoleTaken" has property "Targets[].Arn" referring to "Alarm"
    And the resource "RoleChangesSomething" has property "Targets[].Arn" referring to "Alarm"

  Scenario: Rules of this account raise it by a role, and nobody reads it on the way
    Then every AWS::SNS::Topic is encrypted with a customer key
    And the resource "RoleTaken" has property "Targets[].RoleArn" referring to "Alerter"
    And the resource "RoleChangesSomething" has property "Targets[].RoleArn" referring to "Alerter"
    And the role "Alerter" can "sns:Publish"
    And the role "Alerter" can "kms:GenerateDataKey"
    And the resource "Alerter" has property "AssumeRolePolicyDocument.Statement[0].Principal.Service" equal to "events.amazonaws.com"
    And the resource "Alerter" has property "AssumeRolePolicyDocument.Statement[0].Condition.StringEquals.aws:SourceAccount" equal to "222222222222"

  Scenario: Somebody on duty gets mail
    Given with parameter "AlertEmail" set to "security-duty@example.com"
    Then the resource "AlarmMail" has property "Endpoint" equal to "security-duty@example.com"
