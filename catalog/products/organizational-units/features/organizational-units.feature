Feature: The organization is laid out as AWS recommends

  Background:
    Given the template of product "organizational-units"
    And with parameter "ParentId" set to "r-fl33"

  Scenario Outline: Each kind of account has a unit of its own
    Then the resource "<unit>" has property "Name" equal to "<name>"
    And the resource "<unit>" has property "ParentId" equal to "r-fl33"

    Examples:
      | unit               | name                    |
      | Security           | Security                |
      | Infrastructure     | Infrastructure          |
      | Workloads          | Workloads               |
      | Sandbox            | Sandbox                 |
      | PolicyStaging      | PolicyStaging           |
      | Suspended          | Suspended               |
      | Deployments        | Deployments             |
      | Exceptions         | Exceptions              |
      | Transitional       | Transitional            |
      | IndividualUsers    | IndividualBusinessUsers |
      | BusinessContinuity | BusinessContinuity      |

  Scenario: Production is kept apart from what comes before it
    Then the resource "WorkloadsProd" has property "Name" equal to "Prod"
    And the resource "WorkloadsProd" has property "ParentId" referring to "Workloads"
    And the resource "WorkloadsTest" has property "Name" equal to "Test"
    And the resource "WorkloadsTest" has property "ParentId" referring to "Workloads"

  Scenario: Every unit says what it is for
    Then every AWS::Organizations::OrganizationalUnit has property "Tags[0].Key" equal to "purpose"
    And every AWS::Organizations::OrganizationalUnit has property "Tags[0].Value"

  Scenario: A small organization can do without the optional units
    Given with parameter "OptionalUnits" set to "false"
    Then there are 8 AWS::Organizations::OrganizationalUnit
    And the resource "Deployments" is not created
    And the resource "Exceptions" is not created
    And the resource "Transitional" is not created
    And the resource "IndividualUsers" is not created
    And the resource "BusinessContinuity" is not created

  Scenario: Only a root or a unit can be the parent
    Then the parameter "ParentId" accepts "ou-fl33-prod0001"
    And the parameter "ParentId" refuses "222222222222"
    And the parameter "ParentId" refuses ""

  Scenario Outline: Guardrails and accounts find the units
    Then the output "<output>" refers to "<unit>"

    Examples:
      | output              | unit          |
      | SecurityUnitId      | Security      |
      | ProductionUnitId    | WorkloadsProd |
      | TestUnitId          | WorkloadsTest |
      | SandboxUnitId       | Sandbox       |
      | PolicyStagingUnitId | PolicyStaging |
      | SuspendedUnitId     | Suspended     |

  Scenario Outline: Units are made one after the other, as Organizations takes them
    Then the resource "<unit>" depends on "<before>"

    Examples:
      | unit               | before          |
      | Infrastructure     | Security        |
      | Workloads          | Infrastructure  |
      | WorkloadsProd      | Workloads       |
      | WorkloadsTest      | WorkloadsProd   |
      | Sandbox            | WorkloadsTest   |
      | PolicyStaging      | Sandbox         |
      | Suspended          | PolicyStaging   |
      | Deployments        | Suspended       |
      | Exceptions         | Deployments     |
      | Transitional       | Exceptions      |
      | IndividualUsers    | Transitional    |
      | BusinessContinuity | IndividualUsers |
