Feature: GuardDuty watches everything it can

  Background:
    Given the template of product "guardduty"

  Scenario: The detector is on
    Then the product enables "guardduty"
    And there are 1 AWS::GuardDuty::Detector

  Scenario: Every protection plan is on
    Then the resource "Detector" has property "Features[].Status" equal to "ENABLED"
    And the resource "Detector" has property "Features[0].Name" equal to "S3_DATA_EVENTS"
    And the resource "Detector" has property "Features[1].Name" equal to "EKS_AUDIT_LOGS"
    And the resource "Detector" has property "Features[2].Name" equal to "EBS_MALWARE_PROTECTION"
    And the resource "Detector" has property "Features[3].Name" equal to "RDS_LOGIN_EVENTS"
    And the resource "Detector" has property "Features[3].AdditionalConfiguration[0].Name" equal to "RDS_DATA_RISK"
    And the resource "Detector" has property "Features[4].Name" equal to "LAMBDA_NETWORK_LOGS"
    And the resource "Detector" has property "Features[5].Name" equal to "RUNTIME_MONITORING"
    And the resource "Detector" has property "Features[5].AdditionalConfiguration[].Status" equal to "ENABLED"
    And the resource "Detector" has property "Features[6].Name" equal to "AI_PROTECTION"

  Scenario: Findings are published as often as GuardDuty allows
    Then the resource "Detector" has property "FindingPublishingFrequency" equal to "FIFTEEN_MINUTES"
    And the parameter "PublishingFrequency" refuses "NEVER"

  Scenario: Buckets are scanned only when one is named
    Then there is no AWS::GuardDuty::MalwareProtectionPlan
    And there is no AWS::IAM::Role

  Scenario: The scan reads and tags one bucket, and can do nothing else
    Given with parameter "ScannedBucketName" set to "uploads-example"
    Then the resource "ScanPlan" has property "ProtectedResource.S3Bucket.BucketName" equal to "uploads-example"
    And the resource "ScanPlan" has property "Role" referring to "ScanRole"
    And the resource "ScanPlan" has property "Actions.Tagging.Status" equal to "ENABLED"
    And the role "ScanRole" may be assumed only by "malware-protection-plan.guardduty.amazonaws.com"
    And the role "ScanRole" attaches only the managed policy ""
    And the role "ScanRole" can "s3:GetObjectVersion"
    And the role "ScanRole" cannot "s3:DeleteObject"
    And the role "ScanRole" cannot "s3:PutBucketPolicy"
    And the role "ScanRole" cannot "kms:*"
    And every AWS::IAM::Role has the permissions boundary

  Scenario: The key of an encrypted bucket is used through S3 only
    Given with parameter "ScannedBucketName" set to "uploads-example"
    And with parameter "ScannedBucketKeyArn" set to "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555"
    Then the role "ScanRole" can "kms:Decrypt"
    And the resource "ScanRole" has property "Policies[0].PolicyDocument.Statement[5].Condition.StringEquals.kms:ViaService" equal to "s3.eu-west-1.amazonaws.com"

  Scenario: Consumers learn the detector's id
    Then the output "DetectorId" refers to "Detector"
