Feature: Every vended account begins safely

  Background:
    Given the template of product "account-vending/stack-sets/baseline"
    And with parameter "AlertEmail" set to "payments@example.com"

  Scenario: Access from outside is found
    Then the product enables "accessanalyzer"
    And the resource "ExternalAccess" has property "Type" equal to "ACCOUNT"

  Scenario: Snapshots are not shared with everybody
    Then the resource "Snapshots" has property "State" equal to "block-all-sharing"

  Scenario: A declarative policy may do that instead
    Given with parameter "BlockSnapshots" set to "false"
    Then the resource "Snapshots" is not created

  Scenario: Whoever acts as root is noticed
    Then the resource "RootUsed" has property "State" equal to "ENABLED"
    And the resource "RootUsed" has property "EventPattern.detail.userIdentity.type[]" equal to "Root"
    And the resource "RootUsed" has property "Targets[].Arn" referring to "Alarm"
    And the resource "AlarmMail" has property "TopicArn" referring to "Alarm"
    And the resource "AlarmMail" has property "Endpoint" equal to "payments@example.com"

  Scenario: The alarm is encrypted, and EventBridge raises it, which does not say for which rule
    Then the resource "Alarm" has property "KmsMasterKeyId" referring to "AlarmKey"
    And every AWS::KMS::Key rotates
    And the resource "AlarmKey" has property "KeyPolicy.Statement[1].Principal.Service" equal to "events.amazonaws.com"
    And the resource "AlarmKey" has property "KeyPolicy.Statement[0].Action" equal to "kms:*"
    And the resource "AlarmPolicy" has property "PolicyDocument.Statement[0].Principal.Service" equal to "events.amazonaws.com"
    And no AWS::SNS::TopicPolicy has property "PolicyDocument.Statement[].Condition"
    And no AWS::KMS::Key has property "KeyPolicy.Statement[].Condition"
    And the output "AlarmTopicArn" refers to "Alarm"
