Feature: An account has a place, an owner and a limit from its first day

  Background:
    Given the template of product "account-vending"
    And with parameter "AccountName" set to "payments"
    And with parameter "Email" set to "aws+payments@example.com"
    And with parameter "ParentId" set to "ou-fl33-prod0001"
    And with parameter "Owner" set to "Payments"
    And with parameter "AlertEmail" set to "payments@example.com"

  Scenario: It is made in its unit, so that guardrails hold from the start
    Then there are 1 AWS::Organizations::Account
    And the resource "Account" has property "ParentIds[]" equal to "ou-fl33-prod0001"
    And the resource "Account" has property "AccountName" equal to "payments"
    And the resource "Account" has property "Email" equal to "aws+payments@example.com"
    And the parameter "ParentId" refuses "222222222222"

  Scenario: It says whose it is
    Then the resource "Account" has property "Tags[0].Value" equal to "Payments"
    And the resource "Account" has property "Tags[2].Value" equal to "Sandbox"
    And the parameter "Owner" refuses ""
    And the parameter "EnvironmentName" refuses "Staging"

  Scenario: Nobody closes it by deleting a stack
    Then every AWS::Organizations::Account is kept when its stack is deleted

  Scenario: Its owner hears of its costs before they are spent
    Then the resource "MonthlyBudget" has property "Budget.CostFilters.LinkedAccount[]" referring to "Account"
    And the resource "MonthlyBudget" has property "Budget.BudgetLimit.Amount" equal to "200"
    And the resource "MonthlyBudget" has property "NotificationsWithSubscribers[].Subscribers[].Address" equal to "payments@example.com"
    And the resource "MonthlyBudget" has property "NotificationsWithSubscribers[0].Notification.Threshold" equal to "80"
    And the resource "MonthlyBudget" has property "NotificationsWithSubscribers[1].Notification.NotificationType" equal to "FORECASTED"

  Scenario: It gets a baseline, and only it
    Then the resource "BaselineStackSet" has property "PermissionModel" equal to "SERVICE_MANAGED"
    And the resource "BaselineStackSet" has property "StackInstancesGroup[0].DeploymentTargets.AccountFilterType" equal to "INTERSECTION"
    And the resource "BaselineStackSet" has property "StackInstancesGroup[0].DeploymentTargets.Accounts[]" referring to "Account"
    And the resource "BaselineStackSet" has property "StackInstancesGroup[0].DeploymentTargets.OrganizationalUnitIds[]" equal to "ou-fl33-prod0001"
    And the resource "BaselineStackSet" has property "AutoDeployment.Enabled" equal to "false"
    And the resource "BaselineStackSet" has property "ManagedExecution.Active" equal to "true"

  Scenario: A unit may bring a baseline instead
    Given with parameter "Baseline" set to "false"
    Then the resource "BaselineStackSet" is not created

  Scenario: Others find the account
    Then the output "AccountId" refers to "Account"
    And the output "AccountArn" refers to "Account"
    And the output "BudgetName" refers to "MonthlyBudget"
