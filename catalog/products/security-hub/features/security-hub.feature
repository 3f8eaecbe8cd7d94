Feature: Security Hub checks against published standards

  Background:
    Given the template of product "security-hub"

  Scenario: The hub is on, and finds each problem once
    Then the product enables "securityhub"
    And the resource "Hub" has property "ControlFindingGenerator" equal to "SECURITY_CONTROL"

  Scenario: Which standards are checked is decided here, not by a default of AWS
    Then the resource "Hub" has property "EnableDefaultStandards" equal to "false"
    And there are 2 AWS::SecurityHub::Standard

  Scenario: AWS's best practices are checked even without the CIS benchmark
    Given with parameter "CisBenchmark" set to "false"
    Then there are 1 AWS::SecurityHub::Standard
    And the resource "CisFoundations" is not created

  Scenario: A standard is enabled only after the hub
    Then the resource "BestPractices" depends on "Hub"
    And the resource "CisFoundations" depends on "Hub"
