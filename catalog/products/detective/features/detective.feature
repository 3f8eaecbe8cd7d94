Feature: A finding can be investigated

  Background:
    Given the template of product "detective"

  Scenario: There is a graph
    Then the product enables "detective"
    And there are 1 AWS::Detective::Graph
    And the output "GraphArn" refers to "Graph"

  Scenario: Nobody's events come in by themselves
    Then no AWS::Detective::Graph has property "AutoEnableMembers"
    And there is no AWS::Detective::MemberInvitation

  Scenario: The delegated administrator sees every new account
    Given with parameter "NewAccounts" set to "members"
    Then the resource "Graph" has property "AutoEnableMembers" equal to "true"

  Scenario: An account is invited without mail to its owner
    Given with the parameters of test "with-a-member"
    Then the resource "Member" has property "MemberId" equal to "555555555555"
    And the resource "Member" has property "MemberEmailAddress" equal to "aws-workload@example.com"
    And the resource "Member" has property "GraphArn" referring to "Graph"
    And the resource "Member" has property "DisableEmailNotification" equal to "true"

  Scenario: Members are named correctly
    Then the parameter "MemberAccountId" refuses "5555"
    And the parameter "MemberEmail" refuses "nobody"
