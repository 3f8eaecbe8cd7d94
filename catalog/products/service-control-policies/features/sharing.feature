Feature: Nothing is shared with the world

  Background:
    Given the template of product "service-control-policies"
    And with parameter "Targets" set to "r-fl33"
    And requests that carry:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/administrator |

  Scenario Outline: What blocks public access is not taken off
    Then the policy "PrivateData" denies "<action>" on "*"
    And the policy "PrivateData" allows "<action>" on "*" when:
      | aws:PrincipalArn | arn:aws:iam::777777777777:role/platform/operator |

    Examples:
      | action                                 |
      | s3:PutAccountPublicAccessBlock         |
      | ec2:DisableImageBlockPublicAccess      |
      | ec2:DisableSnapshotBlockPublicAccess   |
      | rds:ModifyDBSnapshotAttribute          |
      | rds:ModifyDBClusterSnapshotAttribute   |
      | ssm:ModifyDocumentPermission           |
      | ram:AcceptResourceShareInvitation      |

  Scenario Outline: Images and snapshots are shared with accounts, not with everybody
    Then the policy "PrivateData" denies "<action>" on "*" when:
      | ec2:Add/group | all |
    And the policy "PrivateData" allows "<action>" on "*" when:
      | ec2:Add/group | (absent) |

    Examples:
      | action                      |
      | ec2:ModifySnapshotAttribute |

  Scenario Outline: Resources are shared within the organization only
    Then the policy "PrivateData" denies "<action>" on "*" when:
      | <key> | true |
    And the policy "PrivateData" allows "<action>" on "*" when:
      | <key> | false |

    Examples:
      | action                     | key                                  |
      | ram:CreateResourceShare    | ram:RequestedAllowsExternalPrincipals |
      | ram:UpdateResourceShare    | ram:RequestedAllowsExternalPrincipals |
      | ram:AssociateResourceShare | ram:AllowsExternalPrincipals         |

  Scenario Outline: Functions ask who calls
    Then the policy "PrivateData" denies "<action>" on "*" when:
      | lambda:FunctionUrlAuthType | NONE |
    And the policy "PrivateData" allows "<action>" on "*" when:
      | lambda:FunctionUrlAuthType | AWS_IAM |

    Examples:
      | action                         |
      | lambda:CreateFunctionUrlConfig |
      | lambda:UpdateFunctionUrlConfig |

  Scenario: Buckets are closed as before
    Then the policy "PrivateData" allows "s3:PutBucketPublicAccessBlock" on "arn:aws:s3:::data"
    And the policy "PrivateData" allows "ec2:EnableSnapshotBlockPublicAccess" on "*"
