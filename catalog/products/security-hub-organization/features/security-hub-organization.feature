Feature: Security Hub watches every account of the organization

  Background:
    Given the template of product "security-hub-organization"
    And with parameter "OrganizationRootId" set to "r-fl33"

  Scenario: Accounts are configured centrally, and cannot opt out
    Then the resource "Configuration" has property "ConfigurationType" equal to "CENTRAL"
    And the resource "Configuration" has property "AutoEnable" equal to "false"
    And the resource "Configuration" has property "AutoEnableStandards" equal to "NONE"
    And the resource "Everybody" has property "TargetType" equal to "ROOT"
    And the resource "Everybody" has property "TargetId" equal to "r-fl33"
    And the resource "Everybody" has property "ConfigurationPolicyId" referring to "Policy"
    And there are 1 AWS::SecurityHub::PolicyAssociation

  Scenario: The policy enables Security Hub, its standards and every control
    Given in region "eu-west-1"
    Then the resource "Policy" has property "ConfigurationPolicy.SecurityHub.ServiceEnabled" equal to "true"
    And the resource "Policy" has property "ConfigurationPolicy.SecurityHub.EnabledStandardIdentifiers[0]" equal to "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"
    And the resource "Policy" has property "ConfigurationPolicy.SecurityHub.EnabledStandardIdentifiers[1]" equal to "arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/5.0.0"
    And the resource "Policy" has property "ConfigurationPolicy.SecurityHub.SecurityControlsConfiguration.SecurityControlCustomParameters[0].Parameters.MinimumPasswordLength.Value.Integer" equal to "14"
    And no AWS::SecurityHub::ConfigurationPolicy has property "ConfigurationPolicy.SecurityHub.SecurityControlsConfiguration.EnabledSecurityControlIdentifiers"
    And no AWS::SecurityHub::ConfigurationPolicy has property "ConfigurationPolicy.SecurityHub.SecurityControlsConfiguration.DisabledSecurityControlIdentifiers[0]"

  Scenario: Findings of every region are seen in one
    Then the resource "Aggregator" has property "RegionLinkingMode" equal to "ALL_REGIONS"
    And no AWS::SecurityHub::FindingAggregator has property "Regions"

  Scenario: What is left out is named
    Given with parameter "LeftOutRegions" set to "us-west-1,us-west-2"
    Then the resource "Aggregator" has property "RegionLinkingMode" equal to "ALL_REGIONS_EXCEPT_SPECIFIED"
    And the resource "Aggregator" has property "Regions[1]" equal to "us-west-2"

  Scenario: Things are made in the order that AWS needs
    Then the resource "Configuration" depends on "Aggregator"
    And the resource "Policy" depends on "Configuration"
    And the resource "Everybody" depends on "Policy"

  Scenario: One unit may configure itself
    Given with parameter "ExceptionUnitId" set to "ou-fl33-experiments"
    Then the resource "Exception" has property "TargetId" equal to "ou-fl33-experiments"
    And the resource "Exception" has property "TargetType" equal to "ORGANIZATIONAL_UNIT"
    And the resource "Exception" has property "ConfigurationPolicyId" equal to "SELF_MANAGED_SECURITY_HUB"
    And there are 2 AWS::SecurityHub::PolicyAssociation

  Scenario: A small organization does without a delegated administrator
    Given with the parameters of its manifest
    Then the resource "LocalConfiguration" has property "ConfigurationType" equal to "LOCAL"
    And the resource "LocalConfiguration" has property "AutoEnable" equal to "true"
    And the resource "LocalConfiguration" has property "AutoEnableStandards" equal to "DEFAULT"
    And the product enables "securityhub"
    And the resource "Hub" has property "EnableDefaultStandards" equal to "true"
    And the resource "Hub" has property "AutoEnableControls" equal to "true"
    And the resource "Administrator" has property "AdminAccountId" equal to "222222222222"
    And the resource "LocalAggregator" depends on "Administrator"
    And the resource "Administrator" depends on "Hub"
    And the resource "LocalAggregator" has property "RegionLinkingMode" equal to "ALL_REGIONS"
    And there is no AWS::SecurityHub::ConfigurationPolicy
    And the resource "LocalAggregator" depends on "Administrator"
    And the resource "Administrator" has property "AdminAccountId" equal to "222222222222"
