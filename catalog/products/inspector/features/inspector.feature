Feature: Machines are measured, and nothing urgent is hidden

  Background:
    Given the template of product "inspector"

  Scenario: Tagged machines of this account are scanned every week
    Then the resource "BenchmarkScan" has property "Schedule.Weekly.Days[0]" equal to "SUN"
    And the resource "BenchmarkScan" has property "SecurityLevel" equal to "LEVEL_1"
    And the resource "BenchmarkScan" has property "Targets.AccountIds[0]" equal to "SELF"
    And the resource "BenchmarkScan" has property "Targets.TargetResourceTags.cis-scan[0]" equal to "yes"
    And the parameter "ScanTime" refuses "25:00"

  Scenario: What can be exploited and fixed is listed first
    Then the resource "Exploitable" has property "FilterAction" equal to "NONE"
    And the resource "Exploitable" has property "FilterCriteria.ExploitAvailable[0].Value" equal to "YES"
    And the resource "Exploitable" has property "FilterCriteria.FixAvailable[0].Value" equal to "YES"

  Scenario: Only what is harmless and cannot be fixed is hidden
    Then the resource "Unfixable" has property "FilterAction" equal to "SUPPRESS"
    And the resource "Unfixable" has property "FilterCriteria.Severity[0].Value" equal to "LOW"
    And the resource "Unfixable" has property "FilterCriteria.Severity[1].Value" equal to "INFORMATIONAL"
    And the resource "Unfixable" has property "FilterCriteria.FixAvailable[].Value" equal to "NO"
    And the resource "Unfixable" has property "FilterCriteria.ExploitAvailable[].Value" equal to "NO"
    And no AWS::InspectorV2::Filter has property "FilterCriteria.Severity[2]"

  Scenario: Nothing is hidden on request
    Given with parameter "SuppressUnfixable" set to "false"
    Then no AWS::InspectorV2::Filter has property "FilterAction" equal to "SUPPRESS"
