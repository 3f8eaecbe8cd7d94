Feature: The configuration of every account is seen and checked

  Background:
    Given the template of product "config-organization"

  Scenario: Every account and region is seen
    Then the resource "Aggregator" has property "OrganizationAggregationSource.AllAwsRegions" equal to "true"
    And the resource "Aggregator" has property "OrganizationAggregationSource.RoleArn" referring to "AggregatorRole"
    And no AWS::Config::ConfigurationAggregator has property "AccountAggregationSources"

  Scenario: Config learns which accounts there are, and can do nothing else
    Then the role "AggregatorRole" may be assumed only by "config.amazonaws.com"
    And the role "AggregatorRole" attaches only the managed policy ""
    And the role "AggregatorRole" can "organizations:ListAccounts"
    And the role "AggregatorRole" cannot "organizations:CreateAccount"
    And the role "AggregatorRole" cannot "organizations:MoveAccount"
    And the role "AggregatorRole" cannot "s3:*"
    And every AWS::IAM::Role has the permissions boundary

  Scenario: What nobody may lack is checked in every account
    Then there are 3 AWS::Config::OrganizationConfigRule
    And the resource "RootUserHasSecondFactor" has property "OrganizationManagedRuleMetadata.RuleIdentifier" equal to "ROOT_ACCOUNT_MFA_ENABLED"
    And the resource "GuardDutyIsOn" has property "OrganizationManagedRuleMetadata.RuleIdentifier" equal to "GUARDDUTY_ENABLED_CENTRALIZED"
    And the resource "TrailIsOn" has property "OrganizationManagedRuleMetadata.RuleIdentifier" equal to "CLOUD_TRAIL_ENABLED"
    And no AWS::Config::OrganizationConfigRule has property "ExcludedAccounts"

  Scenario: The baseline is checked in every account, as strictly as is asked
    Then the resource "BaselinePack" has property "ConformancePackInputParameters[0].ParameterValue" equal to "90"
    And the resource "BaselinePack" has property "ConformancePackInputParameters[1].ParameterValue" equal to "45"
    And every AWS::Config::OrganizationConformancePack has property "TemplateBody"
    And no AWS::Config::OrganizationConformancePack has property "ExcludedAccounts"
    And the parameter "AccessKeyDays" refuses "365"

  Scenario: Accounts without a recorder can be left out by name
    Given with parameter "ExcludedAccounts" set to "222222222222,333333333333"
    Then every AWS::Config::OrganizationConfigRule has property "ExcludedAccounts[1]" equal to "333333333333"
    And every AWS::Config::OrganizationConformancePack has property "ExcludedAccounts[0]" equal to "222222222222"
