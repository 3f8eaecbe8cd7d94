Feature: Whatever is done in the organization is on record

  Background:
    Given the template of product "organization-trail"
    And with the parameters of its manifest

  Scenario: Every account and region is recorded
    Then the product enables "cloudtrail"
    And the resource "Trail" has property "IsOrganizationTrail" equal to "true"
    And the resource "Trail" has property "IsMultiRegionTrail" equal to "true"
    And the resource "Trail" has property "IncludeGlobalServiceEvents" equal to "true"
    And the resource "Trail" has property "AdvancedEventSelectors[0].FieldSelectors[0].Equals[0]" equal to "Management"

  Scenario: A changed or missing file is noticed
    Then the resource "Trail" has property "EnableLogFileValidation" equal to "true"

  Scenario: Files are encrypted, private, and outlive the stack
    Then the resource "Trail" has property "KMSKeyId" referring to "TrailKey"
    And every AWS::KMS::Key rotates
    And every AWS::S3::Bucket is encrypted with a customer key
    And every AWS::S3::Bucket blocks public access
    And every AWS::S3::Bucket refuses requests without TLS
    And every AWS::S3::Bucket is kept when its stack is deleted
    And every AWS::S3::Bucket has property "VersioningConfiguration.Status" equal to "Enabled"
    And the resource "TrailBucket" has property "LifecycleConfiguration.Rules[0].ExpirationInDays" equal to "2555"
    And every AWS::KMS::Key is kept when its stack is deleted

  Scenario: Only this trail writes to the bucket
    Then the resource "TrailBucketPolicy" has property "PolicyDocument.Statement[1].Condition.StringEquals.aws:SourceArn" equal to "arn:aws:cloudtrail:eu-west-1:222222222222:trail/organization-trail"
    And the resource "TrailBucketPolicy" has property "PolicyDocument.Statement[2].Condition.StringEquals.aws:SourceArn" equal to "arn:aws:cloudtrail:eu-west-1:222222222222:trail/organization-trail"
    And the resource "TrailKey" has property "KeyPolicy.Statement[1].Condition.StringEquals.aws:SourceArn" equal to "arn:aws:cloudtrail:eu-west-1:222222222222:trail/organization-trail"
    And the resource "Trail" depends on "TrailBucketPolicy"

  Scenario: Events can be searched for a year
    Then the resource "Trail" has property "CloudWatchLogsLogGroupArn" referring to "Events"
    And the resource "Trail" has property "CloudWatchLogsRoleArn" referring to "EventsRole"
    And the resource "Trail" has property "InsightSelectors[0].InsightType" equal to "ApiCallRateInsight"
    And the resource "Trail" has property "InsightSelectors[1].InsightType" equal to "ApiErrorRateInsight"
    And every AWS::Logs::LogGroup keeps events for at least 365 days
    And every AWS::Logs::LogGroup is encrypted with a customer key
    And the resource "TrailKey" has property "KeyPolicy.Statement[2].Principal.Service" equal to "logs.eu-west-1.amazonaws.com"

  Scenario: The trail's role writes events and does nothing else
    Then the role "EventsRole" may be assumed only by "cloudtrail.amazonaws.com"
    And the role "EventsRole" attaches only the managed policy ""
    And the role "EventsRole" can "logs:PutLogEvents"
    And the role "EventsRole" cannot "logs:DeleteLogStream"
    And the role "EventsRole" cannot "s3:*"
    And every AWS::IAM::Role has the permissions boundary

  Scenario: Files go to the log archive when there is one
    Given with parameter "ArchiveBucketName" set to "log-archive-example"
    And with parameter "ArchiveKeyArn" set to "arn:aws:kms:eu-west-1:555555555555:key/11111111-2222-3333-4444-555555555555"
    Then the resource "Trail" has property "S3BucketName" equal to "log-archive-example"
    And the resource "Trail" has property "KMSKeyId" equal to "arn:aws:kms:eu-west-1:555555555555:key/11111111-2222-3333-4444-555555555555"
    And the resource "TrailBucket" is not created

  Scenario: Reading of data is recorded on request
    Given with parameter "DataEvents" set to "true"
    Then the resource "Trail" has property "AdvancedEventSelectors[1].FieldSelectors[1].Equals[0]" equal to "AWS::S3::Object"
    And the resource "Trail" has property "AdvancedEventSelectors[2].FieldSelectors[1].Equals[0]" equal to "AWS::Lambda::Function"
