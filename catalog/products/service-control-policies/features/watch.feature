Feature: Logs and security services stay on

  Background:
    Given the template of product "service-control-policies"
    And with parameter "Targets" set to "r-fl33"
    And requests that carry:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/administrator |

  Scenario Outline: An administrator of an account cannot blind the organization
    Then the policy "KeepWatch" denies "<action>" on "*"
    And the policy "KeepWatch" allows "<action>" on "*" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/platform/operator |
    And the policy "KeepWatch" allows "<action>" on "*" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/fleet-launch-guardduty |

    Examples:
      | action                                        |
      | cloudtrail:StopLogging                        |
      | cloudtrail:DeleteTrail                        |
      | cloudtrail:UpdateTrail                        |
      | cloudtrail:PutEventSelectors                  |
      | ec2:DeleteFlowLogs                            |
      | config:StopConfigurationRecorder              |
      | config:DeleteDeliveryChannel                  |
      | config:PutConfigurationRecorder               |
      | guardduty:DeleteDetector                      |
      | guardduty:UpdateDetector                      |
      | guardduty:DisassociateFromAdministratorAccount |
      | guardduty:CreateFilter                        |
      | securityhub:DisableSecurityHub                |
      | securityhub:BatchDisableStandards             |
      | securityhub:DisassociateFromAdministratorAccount |
      | macie2:DisableMacie                           |
      | macie2:DisassociateFromAdministratorAccount   |
      | access-analyzer:DeleteAnalyzer                |
      | access-analyzer:CreateArchiveRule             |
      | detective:DisassociateMembership              |
      | inspector2:Disable                            |

  Scenario Outline: Everybody may look
    Then the policy "KeepWatch" allows "<action>" on "*"

    Examples:
      | action                                |
      | cloudtrail:LookupEvents               |
      | config:GetResourceConfigHistory       |
      | config:PutEvaluations                 |
      | guardduty:GetFindings                 |
      | securityhub:BatchUpdateFindings       |
      | macie2:GetFindings                    |
      | access-analyzer:ListFindingsV2        |
      | ec2:CreateFlowLogs                    |
