Feature: Control Tower governs the organization

  Background:
    Given the template of product "control-tower"
    And with parameter "LogArchiveAccount" set to "888888888888"
    And with parameter "AuditAccount" set to "999999999999"

  Scenario: Logs of every account are kept in an account of their own
    Then the resource "LandingZone" has property "Manifest.centralizedLogging.enabled" equal to "true"
    And the resource "LandingZone" has property "Manifest.centralizedLogging.accountId" equal to "888888888888"
    And the resource "LandingZone" has property "Manifest.centralizedLogging.configurations.loggingBucket.retentionDays" equal to "365"
    And the resource "LandingZone" has property "Manifest.config.accountId" equal to "999999999999"
    And the resource "LandingZone" has property "Manifest.config.configurations.loggingBucket.retentionDays" equal to "365"
    And the resource "LandingZone" has property "Manifest.securityRoles.accountId" equal to "999999999999"
    And the parameter "LogRetentionDays" refuses "89"

  Scenario: Regions are governed, and a unit's accounts follow when it drifts
    Given with parameter "GovernedRegions" set to "eu-west-1,eu-north-1"
    Then the resource "LandingZone" has property "Manifest.governedRegions[0]" equal to "eu-west-1"
    And the resource "LandingZone" has property "Manifest.governedRegions[1]" equal to "eu-north-1"
    And the resource "LandingZone" has property "RemediationTypes[]" equal to "INHERITANCE_DRIFT"
    And the resource "LandingZone" has property "Version" equal to "4.0"
    And the parameter "LandingZoneVersion" refuses "3.3"

  Scenario: The manifest has the form of version 4, which names no units and says of every integration whether it is enabled
    Then no AWS::ControlTower::LandingZone has property "Manifest.organizationStructure"
    And the resource "LandingZone" has property "Manifest.config.enabled" equal to "true"
    And the resource "LandingZone" has property "Manifest.securityRoles.enabled" equal to "true"
    And the resource "LandingZone" has property "Manifest.backup.enabled" equal to "false"

  Scenario: Who signs in is left to the organization unless it says otherwise
    Then the resource "LandingZone" has property "Manifest.accessManagement.enabled" equal to "false"

  Scenario: Control Tower may manage who signs in
    Given with parameter "IdentityCenter" set to "true"
    Then the resource "LandingZone" has property "Manifest.accessManagement.enabled" equal to "true"

  Scenario: Logs can be encrypted with a key of the organization
    Given with parameter "LogKeyArn" set to "arn:aws:kms:eu-west-1:666666666666:key/0f1e2d3c"
    Then the resource "LandingZone" has property "Manifest.centralizedLogging.configurations.kmsKeyArn" equal to "arn:aws:kms:eu-west-1:666666666666:key/0f1e2d3c"
    And the resource "LandingZone" has property "Manifest.config.configurations.kmsKeyArn" equal to "arn:aws:kms:eu-west-1:666666666666:key/0f1e2d3c"

  Scenario: Nothing is governed below the landing zone unless asked
    Then there is no AWS::ControlTower::EnabledBaseline
    And there is no AWS::ControlTower::EnabledControl
    And the output "LandingZoneArn" refers to "LandingZone"

  Scenario: A unit gets the baseline after the landing zone
    Given with parameter "UnitArn" set to "arn:aws:organizations::666666666666:ou/o-exampleorgid/ou-fl33-prod0001"
    Then the resource "UnitBaseline" has property "TargetIdentifier" equal to "arn:aws:organizations::666666666666:ou/o-exampleorgid/ou-fl33-prod0001"
    And the resource "UnitBaseline" has property "BaselineIdentifier" equal to "arn:aws:controltower:eu-west-1::baseline/17BSJV3IGJ2QSGA2"
    And the resource "UnitBaseline" has property "BaselineVersion" equal to "5.0"
    And the resource "UnitBaseline" depends on "LandingZone"
    And there is no AWS::ControlTower::EnabledControl
    And the output "EnabledBaselineArn" refers to "UnitBaseline"

  Scenario: A unit's baseline refers to that of Identity Center where Control Tower manages it
    Given with parameter "UnitArn" set to "arn:aws:organizations::666666666666:ou/o-exampleorgid/ou-fl33-prod0001"
    And with parameter "IdentityCenter" set to "true"
    And with parameter "IdentityCenterBaselineArn" set to "arn:aws:controltower:eu-west-1:666666666666:enabledbaseline/XAHCR4CJTSI4W07MZ"
    Then the resource "UnitBaseline" has property "Parameters[0].Key" equal to "IdentityCenterEnabledBaselineArn"
    And the resource "UnitBaseline" has property "Parameters[0].Value" equal to "arn:aws:controltower:eu-west-1:666666666666:enabledbaseline/XAHCR4CJTSI4W07MZ"

  Scenario Outline: A unit gets controls one after the other, as Control Tower takes them
    Given with parameter "UnitArn" set to "arn:aws:organizations::666666666666:ou/o-exampleorgid/ou-fl33-prod0001"
    And with parameter "StrongControls" set to "true"
    Then the resource "<resource>" has property "ControlIdentifier" equal to "arn:aws:controltower:eu-west-1::control/<control>"
    And the resource "<resource>" has property "TargetIdentifier" equal to "arn:aws:organizations::666666666666:ou/o-exampleorgid/ou-fl33-prod0001"
    And the resource "<resource>" depends on "UnitBaseline"

    Examples:
      | resource         | control                                 |
      | RootAccessKeys   | AWS-GR_RESTRICT_ROOT_USER_ACCESS_KEYS   |
      | RootUser         | AWS-GR_RESTRICT_ROOT_USER               |
      | EncryptedVolumes | AWS-GR_ENCRYPTED_VOLUMES                |
      | PublicBuckets    | AWS-GR_S3_BUCKET_PUBLIC_READ_PROHIBITED |
