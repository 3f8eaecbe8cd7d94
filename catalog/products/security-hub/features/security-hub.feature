Feature: Security Hub checks against published standards

  Background:
    Given the template of product "security-hub"

  Scenario: The hub is on, and finds each problem once
    Then the product enables "securityhub"
    And the resource "Hub" has property "ControlFindingGenerator" equal to "SECURITY_CONTROL"
    And the resource "Hub" has property "AutoEnableControls" equal to "true"

  Scenario: Which standards are checked is decided here, not by a default of AWS
    Then the resource "Hub" has property "EnableDefaultStandards" equal to "false"
    And there are 2 AWS::SecurityHub::Standard
    And the resource "BestPractices" has property "StandardsArn" equal to "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"
    And the resource "CisFoundations" has property "StandardsArn" equal to "arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/5.0.0"

  Scenario: AWS's best practices are checked even without the CIS benchmark
    Given with parameter "CisBenchmark" set to "false"
    Then there are 1 AWS::SecurityHub::Standard
    And the resource "CisFoundations" is not created

  Scenario: A regulated account gets its standards
    Given with parameter "NistStandard" set to "true"
    And with parameter "PciStandard" set to "true"
    And with parameter "TaggingStandard" set to "true"
    And in region "eu-central-1"
    Then there are 5 AWS::SecurityHub::Standard
    And the resource "Nist" has property "StandardsArn" equal to "arn:aws:securityhub:eu-central-1::standards/nist-800-53/v/5.0.0"
    And the resource "Pci" has property "StandardsArn" equal to "arn:aws:securityhub:eu-central-1::standards/pci-dss/v/4.0.1"
    And the resource "Tagging" has property "StandardsArn" equal to "arn:aws:securityhub:eu-central-1::standards/aws-resource-tagging-standard/v/1.0.0"

  Scenario: A standard is enabled only after the hub
    Then the resource "BestPractices" depends on "Hub"
    And the resource "CisFoundations" depends on "Hub"

  Scenario: Controls are as strict as the organization wants them
    Then the resource "CertificateExpiry" has property "SecurityControlId" equal to "ACM.1"
    And the resource "PasswordPolicy" has property "SecurityControlId" equal to "IAM.7"
    And the resource "CertificateExpiry" has property "Parameters.daysToExpiration.Value.Integer" equal to "30"
    And the resource "PasswordPolicy" has property "Parameters.MinimumPasswordLength.Value.Integer" equal to "14"
    And the parameter "PasswordLength" refuses "8"
    And the parameter "CertificateWarningDays" refuses "7"

  Scenario: No control is switched off for those who launch it
    Then no AWS::SecurityHub::Standard has property "DisabledStandardsControls"
