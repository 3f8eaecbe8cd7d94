Feature: A database that is neither read nor lost by accident

  Background:
    Given the template of product "encrypted-database"

  Scenario: Items are encrypted with the table's own key
    Then every AWS::DynamoDB::Table is encrypted with a customer key
    And the resource "Table" has property "SSESpecification.KMSMasterKeyId" referring to "Key"
    And the resource "Table" has property "SSESpecification.SSEEnabled" equal to "true"
    And every AWS::KMS::Key rotates

  Scenario: Any second of the last weeks can be brought back
    Then the resource "Table" has property "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled" equal to "true"
    And the resource "Table" has property "PointInTimeRecoverySpecification.RecoveryPeriodInDays" equal to "35"
    And the parameter "RecoveryDays" refuses "1"

  Scenario: Nobody deletes it by mistake
    Then the resource "Table" has property "DeletionProtectionEnabled" equal to "true"
    And every AWS::DynamoDB::Table is kept when its stack is deleted
    And every AWS::KMS::Key is kept when its stack is deleted

  Scenario: Keys are as asked
    Given with parameter "SortKey" set to "changedAt"
    And with parameter "SortKeyType" set to "N"
    Then the resource "Table" has property "KeySchema[1].AttributeName" equal to "changedAt"
    And the resource "Table" has property "AttributeDefinitions[1].AttributeType" equal to "N"

  Scenario: Items live until somebody says otherwise
    Then no AWS::DynamoDB::Table has property "TimeToLiveSpecification"

  Scenario: Workloads find it
    Then the output "TableName" refers to "Table"
    And the output "KeyArn" refers to "Key"
