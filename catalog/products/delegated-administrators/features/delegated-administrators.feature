Feature: Security services are administered from the security account

  Background:
    Given the template of product "delegated-administrators"
    And with parameter "SecurityAccount" set to "555555555555"

  Scenario: Security Hub is administered there
    Then the resource "SecurityHubAdministrator" is a AWS::SecurityHub::DelegatedAdmin
    And the resource "SecurityHubAdministrator" has property "AdminAccountId" equal to "555555555555"

  Scenario: Detective is administered there
    Then the resource "DetectiveAdministrator" is a AWS::Detective::OrganizationAdmin
    And the resource "DetectiveAdministrator" has property "AccountId" equal to "555555555555"
    And the output "BehaviorGraphArn" refers to "DetectiveAdministrator"

  Scenario: Either can be left out
    Given with parameter "Detective" set to "false"
    Then the resource "DetectiveAdministrator" is not created
    And there are 1 AWS::SecurityHub::DelegatedAdmin

  Scenario: The other can be left out too
    Given with parameter "SecurityHub" set to "false"
    Then the resource "SecurityHubAdministrator" is not created
    And there are 1 AWS::Detective::OrganizationAdmin

  Scenario: Only an account can administer
    Then the parameter "SecurityAccount" refuses "security"
    And the output "SecurityAccountId" is "555555555555"
