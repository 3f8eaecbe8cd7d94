Feature: Accounts stay in the organization, and in the fleet's hands

  Background:
    Given the template of product "service-control-policies"
    And with parameter "Targets" set to "ou-fl33-prod0001,ou-fl33-test0001"
    And requests that carry:
      | aws:PrincipalArn    | arn:aws:iam::777777777777:role/administrator |
      | aws:RequestedRegion | eu-west-1                                    |
      | aws:AssumedRoot     | (absent)                                     |

  Scenario: The policies hold for every target, and leave room for one of AWS
    Then there are 4 AWS::Organizations::Policy
    And every AWS::Organizations::Policy has property "Type" equal to "SERVICE_CONTROL_POLICY"
    And every AWS::Organizations::Policy has property "TargetIds[0]" equal to "ou-fl33-prod0001"
    And every AWS::Organizations::Policy has property "TargetIds[1]" equal to "ou-fl33-test0001"
    And the parameter "Targets" refuses "everything"

  Scenario: Policies are made one after the other, as Organizations takes them
    Then the resource "Regions" depends on "ProtectAccounts"
    And the resource "KeepWatch" depends on "Regions"
    And the resource "PrivateData" depends on "KeepWatch"

  Scenario Outline: Each policy is as short as AWS wants it
    Then the policy "<policy>" fits the quota of its type

    Examples:
      | policy          |
      | ProtectAccounts |
      | Regions         |
      | KeepWatch       |
      | PrivateData     |

  Scenario: The root user does nothing
    Then the policy "ProtectAccounts" denies "s3:ListAllMyBuckets" on "*" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:root |

  Scenario: The management account may mend what only a root user can, centrally
    Then the policy "ProtectAccounts" allows "s3:DeleteBucketPolicy" on "arn:aws:s3:::locked" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:root |
      | aws:AssumedRoot  | true                           |

  Scenario Outline: No administrator takes an account away
    Then the policy "ProtectAccounts" denies "<action>" on "*"
    And the policy "ProtectAccounts" allows "<action>" on "*" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/platform/operator |

    Examples:
      | action                           |
      | organizations:LeaveOrganization  |
      | account:CloseAccount             |
      | account:EnableRegion             |
      | account:StartPrimaryEmailUpdate  |
      | account:PutAlternateContact      |

  Scenario Outline: Nobody in an account changes the fleet's roles
    Then the policy "ProtectAccounts" denies "<action>" on "<resource>"
    And the policy "ProtectAccounts" allows "<action>" on "<resource>" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/stacksets-exec-0123456789abcdef |
    And the policy "ProtectAccounts" allows "<action>" on "<resource>" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/fleet-deploy |

    Examples:
      | action                             | resource                                                      |
      | iam:DeleteRole                     | arn:aws:iam::777777777777:role/fleet-launch-network           |
      | iam:PutRolePolicy                  | arn:aws:iam::777777777777:role/fleet-launch-network           |
      | iam:UpdateAssumeRolePolicy         | arn:aws:iam::777777777777:role/stacksets-exec-0123456789abcd  |
      | iam:CreatePolicy                   | arn:aws:iam::777777777777:policy/fleet-boundary               |
      | iam:CreatePolicyVersion            | arn:aws:iam::777777777777:policy/fleet-boundary               |
      | iam:CreateRole                     | arn:aws:iam::777777777777:role/platform/self-made             |
      | iam:CreateRole                     | arn:aws:iam::777777777777:role/cdk-mine-cfn-exec-role-mine    |
      | iam:DeleteRolePermissionsBoundary  | arn:aws:iam::777777777777:role/fleet-launch-network           |

  Scenario: The fleet's own stacks can be deployed by the CDK
    Then the policy "ProtectAccounts" allows "iam:PutRolePolicy" on "arn:aws:iam::777777777777:role/fleet-consumer-verify" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/cdk-hnb659fds-cfn-exec-role-777777777777-eu-west-1 |

  Scenario: People work as before
    Then no policy denies "iam:CreateRole" on "arn:aws:iam::777777777777:role/application"
    And no policy denies "iam:PassRole" on "arn:aws:iam::777777777777:role/fleet-launch-network"
    And no policy denies "ec2:RunInstances" on "*"
    And no policy denies "s3:PutObject" on "arn:aws:s3:::data/key"
    And no policy denies "cloudtrail:LookupEvents" on "*"
