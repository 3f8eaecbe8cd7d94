Feature: Nothing happens outside the allowed regions

  Background:
    Given the template of product "service-control-policies"
    And with parameter "Targets" set to "r-fl33"
    And requests that carry:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/administrator |

  Scenario Outline: Other regions are closed
    Then the policy "Regions" denies "<action>" on "*" when:
      | aws:RequestedRegion | us-west-2 |
    And the policy "Regions" allows "<action>" on "*" when:
      | aws:RequestedRegion | eu-west-1 |

    Examples:
      | action                  |
      | ec2:RunInstances        |
      | s3:CreateBucket         |
      | lambda:CreateFunction   |
      | rds:CreateDBInstance    |
      | secretsmanager:GetSecretValue |
      | bedrock:InvokeModel     |

  Scenario Outline: Services that AWS runs in one place still work
    Then the policy "Regions" allows "<action>" on "*" when:
      | aws:RequestedRegion | us-east-1 |

    Examples:
      | action                         |
      | iam:CreateRole                 |
      | sts:AssumeRole                 |
      | route53:ChangeResourceRecordSets |
      | cloudfront:CreateDistribution  |
      | organizations:DescribeOrganization |
      | support:CreateCase             |
      | ce:GetCostAndUsage             |
      | s3:ListAllMyBuckets            |
      | ec2:DescribeRegions            |

  Scenario: The platform team and stack sets may go anywhere
    Then the policy "Regions" allows "ec2:DescribeVpcs" on "*" when:
      | aws:RequestedRegion | us-west-2                                        |
      | aws:PrincipalArn    | arn:aws:iam::777777777777:role/platform/operator |
    And the policy "Regions" allows "config:PutConfigurationRecorder" on "*" when:
      | aws:RequestedRegion | us-west-2                                                      |
      | aws:PrincipalArn    | arn:aws:iam::777777777777:role/stacksets-exec-0123456789abcdef |
    And the policy "Regions" denies "ec2:DescribeVpcs" on "*" when:
      | aws:RequestedRegion | us-west-2                                    |
      | aws:PrincipalArn    | arn:aws:iam::777777777777:role/platform-else |

  Scenario: The list of regions is the consumer's
    Given with parameter "AllowedRegions" set to "us-west-2"
    Then the policy "Regions" allows "ec2:RunInstances" on "*" when:
      | aws:RequestedRegion | us-west-2 |
    And the policy "Regions" denies "ec2:RunInstances" on "*" when:
      | aws:RequestedRegion | eu-west-1 |
    And the parameter "AllowedRegions" refuses "Ireland"
