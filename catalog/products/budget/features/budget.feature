Feature: Somebody learns of costs before they hurt

  Background:
    Given the template of product "budget"
    And with the parameters of its manifest

  Scenario: The budget warns early, on forecast, and when it is spent
    Then the resource "MonthlyBudget" has property "Budget.TimeUnit" equal to "MONTHLY"
    And the resource "MonthlyBudget" has property "NotificationsWithSubscribers[0].Notification.Threshold" equal to "80"
    And the resource "MonthlyBudget" has property "NotificationsWithSubscribers[1].Notification.NotificationType" equal to "FORECASTED"
    And the resource "MonthlyBudget" has property "NotificationsWithSubscribers[1].Notification.Threshold" equal to "100"
    And the resource "MonthlyBudget" has property "NotificationsWithSubscribers[2].Notification.NotificationType" equal to "ACTUAL"
    And the resource "MonthlyBudget" has property "NotificationsWithSubscribers[].Notification.ThresholdType" equal to "PERCENTAGE"

  Scenario: Every warning reaches a mailbox
    Then the resource "MonthlyBudget" has property "NotificationsWithSubscribers[].Subscribers[].Address" equal to "budget-owner@example.com"
    And the resource "AnomalyReport" has property "Subscribers[].Address" equal to "budget-owner@example.com"
    And the parameter "AlertEmail" refuses "nobody"

  Scenario: Unexpected costs of any service are looked for
    Then the resource "Monitor" has property "MonitorType" equal to "DIMENSIONAL"
    And the resource "Monitor" has property "MonitorDimension" equal to "SERVICE"
    And the resource "AnomalyReport" has property "MonitorArnList[]" referring to "Monitor"
    And the resource "AnomalyReport" has property "Frequency" equal to "DAILY"

  Scenario: An account that has its monitor keeps it
    Given with parameter "AnomalyDetection" set to "existing-monitor"
    And with parameter "ExistingMonitorId" set to "0f1e2d3c-4b5a-4968-8776-655443322110"
    Then the resource "Monitor" is not created
    And the resource "AnomalyReport" has property "MonitorArnList[]" equal to "arn:aws:ce::222222222222:anomalymonitor/0f1e2d3c-4b5a-4968-8776-655443322110"

  Scenario: Others may look after anomalies
    Given with parameter "AnomalyDetection" set to "none"
    Then the resource "AnomalyReport" is not created
    And the resource "MonthlyBudget" is a AWS::Budgets::Budget
