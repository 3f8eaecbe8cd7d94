Feature: Somebody notices when a door is open, and when nobody needs it

  Background:
    Given the template of product "access-analyzer"

  Scenario: Access from outside the account is found
    Then the product enables "accessanalyzer"
    And the resource "ExternalAccess" has property "Type" equal to "ACCOUNT"
    And the parameter "Zone" refuses "EVERYBODY"

  Scenario: Nothing is archived unseen, unless an account is trusted
    Then the resource "ExternalAccess" is a AWS::AccessAnalyzer::Analyzer
    And no AWS::AccessAnalyzer::Analyzer has property "ArchiveRules[].Filter[].Property" equal to "principal.AWS"

  Scenario: A trusted account hides its own access, and never public access
    Given with parameter "TrustedAccountId" set to "555555555555"
    Then the resource "ExternalAccess" has property "ArchiveRules[0].Filter[0].Property" equal to "principal.AWS"
    And the resource "ExternalAccess" has property "ArchiveRules[0].Filter[0].Eq[0]" equal to "555555555555"
    And the resource "ExternalAccess" has property "ArchiveRules[0].Filter[1].Property" equal to "isPublic"
    And the resource "ExternalAccess" has property "ArchiveRules[0].Filter[1].Eq[0]" equal to "false"

  Scenario: Access that nobody used for a quarter is found
    Then the resource "UnusedAccessAnalyzer" has property "Type" equal to "ACCOUNT_UNUSED_ACCESS"
    And the resource "UnusedAccessAnalyzer" has property "AnalyzerConfiguration.UnusedAccessConfiguration.UnusedAccessAge" equal to "90"
    And the resource "UnusedAccessAnalyzer" has property "ArchiveRules[0].Filter[0].Contains[0]" equal to ":role/aws-service-role/"
    And no AWS::AccessAnalyzer::Analyzer has property "ArchiveRules[1]"
    And the parameter "UnusedDays" refuses "1"

  Scenario: The whole organization can be watched from one account
    Given with parameter "Zone" set to "ORGANIZATION"
    And with parameter "ExcludedAccounts" set to "777777777777"
    Then the resource "ExternalAccess" has property "Type" equal to "ORGANIZATION"
    And the resource "UnusedAccessAnalyzer" has property "Type" equal to "ORGANIZATION_UNUSED_ACCESS"
    And the resource "UnusedAccessAnalyzer" has property "AnalyzerConfiguration.UnusedAccessConfiguration.AnalysisRule.Exclusions[0].AccountIds[0]" equal to "777777777777"

  Scenario: What is paid for can be left out
    Given with parameter "UnusedAccess" set to "false"
    Then there are 1 AWS::AccessAnalyzer::Analyzer
    And the resource "UnusedAccessAnalyzer" is not created
