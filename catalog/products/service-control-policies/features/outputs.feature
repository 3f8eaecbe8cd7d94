Feature: Other stacks can attach the guardrails elsewhere

  Scenario Outline: Each policy's id is returned
    Given the template of product "service-control-policies"
    And with parameter "Targets" set to "r-fl33"
    Then the output "<output>" refers to "<policy>"

    Examples:
      | output                  | policy          |
      | ProtectAccountsPolicyId | ProtectAccounts |
      | RegionsPolicyId         | Regions         |
      | KeepWatchPolicyId       | KeepWatch       |
      | PrivateDataPolicyId     | PrivateData     |

  Scenario: Nobody is spared by a wildcard alone
    Given the template of product "service-control-policies"
    Then the parameter "ExemptRole" accepts "breakglass/*"
    And the parameter "ExemptRole" refuses "*"
    And the parameter "ProtectedRole" refuses "*"
