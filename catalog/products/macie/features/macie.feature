Feature: Macie looks for what must not lie around

  Background:
    Given the template of product "macie"

  Scenario: Macie is on
    Then the product enables "macie"
    And there are 1 AWS::Macie::Session
    And the resource "Session" has property "Status" equal to "ENABLED"

  Scenario: Findings are published as often as Macie allows
    Then the resource "Session" has property "FindingPublishingFrequency" equal to "FIFTEEN_MINUTES"
    And the parameter "PublishingFrequency" refuses "NEVER"

  Scenario: Nothing is hidden unless somebody says what
    Then there is no AWS::Macie::FindingsFilter
    And there is no AWS::Macie::AllowList

  Scenario: The organization's own data is looked for
    Given with the parameters of test "own-data"
    Then the resource "OwnData" has property "Regex" equal to "C-[0-9]{8}"
    And the resource "OwnData" has property "Keywords[1]" equal to "customer number"
    And the resource "OwnData" has property "MaximumMatchDistance" equal to "50"
    And the resource "OwnData" depends on "Session"
    And the resource "Ignored" has property "Criteria.Regex" equal to "C-0000[0-9]{4}"

  Scenario: A public website hides that it is public, and nothing else
    Given with parameter "ArchivedBucketName" set to "public-website"
    Then the resource "PublicOnPurpose" has property "Action" equal to "ARCHIVE"
    And the resource "PublicOnPurpose" has property "FindingCriteria.Criterion.type.eq[0]" equal to "Policy:IAMUser/S3BucketPublic"
    And the resource "PublicOnPurpose" has property "FindingCriteria.Criterion.type.eq[1]" equal to "Policy:IAMUser/S3BlockPublicAccessDisabled"
    And no AWS::Macie::FindingsFilter has property "FindingCriteria.Criterion.type.eq[2]"
    And no AWS::Macie::FindingsFilter has property "FindingCriteria.Criterion.severity.description"

  Scenario: Bucket policies can name the role that reads
    Then the output "ServiceRole" refers to "Session"
