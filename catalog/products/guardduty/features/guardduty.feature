Feature: GuardDuty watches everything it can

  Background:
    Given the template of product "guardduty"

  Scenario: The detector is on
    Then the product enables "guardduty"
    And there are 1 AWS::GuardDuty::Detector

  Scenario: Every protection plan is on
    Then the resource "Detector" has property "Features[].Status" equal to "ENABLED"

  Scenario: Findings are published as often as GuardDuty allows
    Then the resource "Detector" has property "FindingPublishingFrequency" equal to "FIFTEEN_MINUTES"
    And the parameter "PublishingFrequency" refuses "NEVER"

  Scenario: Consumers learn the detector's id
    Then the output "DetectorId" refers to "Detector"
