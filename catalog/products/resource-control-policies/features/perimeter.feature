Feature: Only the organization reaches its data

  Background:
    Given the template of product "resource-control-policies"
    And with parameter "Targets" set to "ou-fl33-prod0001"
    And with parameter "OrganizationId" set to "o-exampleorgid"
    And requests that carry:
      | aws:PrincipalOrgID        | o-exampleorgid |
      | aws:PrincipalAccount      | 777777777777   |
      | aws:PrincipalIsAWSService | false          |
      | aws:SourceOrgID           | (absent)       |
      | aws:SourceAccount         | (absent)       |
      | aws:SecureTransport       | true           |
      | s3:TlsVersion             | 1.3            |

  Scenario: The policies hold for the target, fit AWS's quota and can be found
    Then there are 2 AWS::Organizations::Policy
    And every AWS::Organizations::Policy has property "Type" equal to "RESOURCE_CONTROL_POLICY"
    And every AWS::Organizations::Policy has property "TargetIds[]" equal to "ou-fl33-prod0001"
    And the policy "IdentityPerimeter" fits the quota of its type
    And the policy "EncryptedConnections" fits the quota of its type
    And the output "IdentityPerimeterPolicyId" refers to "IdentityPerimeter"
    And the output "EncryptedConnectionsPolicyId" refers to "EncryptedConnections"

  Scenario Outline: Principals of the organization do as their policies say
    Then no policy denies "<action>" on "*"

    Examples:
      | action                        |
      | s3:GetObject                  |
      | kms:Decrypt                   |
      | sqs:SendMessage               |
      | secretsmanager:GetSecretValue |
      | ecr:BatchGetImage             |
      | sts:AssumeRole                |
      | sts:AssumeRoleWithWebIdentity |

  Scenario Outline: Others do nothing, whatever a resource's policy says
    Then the policy "IdentityPerimeter" denies "<action>" on "*" when:
      | aws:PrincipalOrgID   | o-somebodyelse |
      | aws:PrincipalAccount | 888888888888   |

    Examples:
      | action                        |
      | s3:GetObject                  |
      | kms:Decrypt                   |
      | sqs:SendMessage               |
      | secretsmanager:GetSecretValue |
      | ecr:BatchGetImage             |
      | sts:AssumeRole                |

  Scenario: Nobody without a name does anything
    Then the policy "IdentityPerimeter" denies "s3:GetObject" on "arn:aws:s3:::data/key" when:
      | aws:PrincipalOrgID        | (absent) |
      | aws:PrincipalAccount      | (absent) |
      | aws:PrincipalIsAWSService | (absent) |

  Scenario: AWS services work for the organization's resources
    Then no policy denies "s3:PutObject" on "arn:aws:s3:::logs/key" when:
      | aws:PrincipalOrgID        | (absent)       |
      | aws:PrincipalAccount      | (absent)       |
      | aws:PrincipalIsAWSService | true           |
      | aws:SourceOrgID           | o-exampleorgid |
      | aws:SourceAccount         | 777777777777   |

  Scenario: AWS services that do not say for whom still work
    Then no policy denies "s3:PutObject" on "arn:aws:s3:::logs/key" when:
      | aws:PrincipalOrgID        | (absent) |
      | aws:PrincipalAccount      | (absent) |
      | aws:PrincipalIsAWSService | true     |

  Scenario Outline: Nobody uses an AWS service to reach in
    Then the policy "IdentityPerimeter" denies "<action>" on "*" when:
      | aws:PrincipalOrgID        | (absent)       |
      | aws:PrincipalAccount      | (absent)       |
      | aws:PrincipalIsAWSService | true           |
      | aws:SourceOrgID           | o-somebodyelse |
      | aws:SourceAccount         | 888888888888   |

    Examples:
      | action          |
      | s3:PutObject    |
      | kms:Decrypt     |
      | sqs:SendMessage |
      | sts:AssumeRole  |

  Scenario: A partner is let in by name, and only he
    Given with parameter "TrustedAccounts" set to "888888888888"
    Then the policy "IdentityPerimeter" allows "s3:GetObject" on "arn:aws:s3:::data/key" when:
      | aws:PrincipalOrgID   | o-somebodyelse |
      | aws:PrincipalAccount | 888888888888   |
    And the policy "IdentityPerimeter" denies "s3:GetObject" on "arn:aws:s3:::data/key" when:
      | aws:PrincipalOrgID   | o-somebodyelse |
      | aws:PrincipalAccount | 999999999999   |
    And the policy "IdentityPerimeter" allows "s3:PutObject" on "arn:aws:s3:::data/key" when:
      | aws:PrincipalOrgID        | (absent)       |
      | aws:PrincipalAccount      | (absent)       |
      | aws:PrincipalIsAWSService | true           |
      | aws:SourceOrgID           | o-somebodyelse |
      | aws:SourceAccount         | 888888888888   |

  Scenario Outline: Connections are encrypted
    Then the policy "EncryptedConnections" denies "<action>" on "*" when:
      | aws:SecureTransport | false |
    And the policy "EncryptedConnections" allows "<action>" on "*"

    Examples:
      | action                        |
      | s3:GetObject                  |
      | kms:Decrypt                   |
      | sqs:SendMessage               |
      | secretsmanager:GetSecretValue |
      | ecr:BatchGetImage             |
      | sts:AssumeRole                |

  Scenario: Old TLS is refused where AWS can tell
    Then the policy "EncryptedConnections" denies "s3:GetObject" on "arn:aws:s3:::data/key" when:
      | s3:TlsVersion | 1.1 |
    And the policy "EncryptedConnections" allows "s3:GetObject" on "arn:aws:s3:::data/key" when:
      | s3:TlsVersion | 1.2 |

  Scenario: Ids are checked before anything is attached
    Then the parameter "OrganizationId" refuses "exampleorgid"
    And the parameter "Targets" refuses "everything"
    And the parameter "TrustedAccounts" refuses "partner"

  Scenario: Policies are made one after the other, as Organizations takes them
    Then the resource "EncryptedConnections" depends on "IdentityPerimeter"
