Feature: Everything that carries the tag is backed up, in every account

  Background:
    Given the template of product "backup-policies"
    And with parameter "Targets" set to "ou-fl33-prod0001"

  Scenario: The policy holds where the consumer says, fits AWS's quota and can be found
    Then the resource "Backups" has property "Type" equal to "BACKUP_POLICY"
    And the resource "Backups" has property "TargetIds[]" equal to "ou-fl33-prod0001"
    And the policy "Backups" fits the quota of its type
    And the output "BackupPolicyId" refers to "Backups"
    And the parameter "Targets" refuses "everything"

  Scenario: Backups are made each night and each month, and kept
    Then the policy "Backups" says "plans.organization.rules.daily.schedule_expression.@@assign" is "cron(0 3 * * ? *)"
    And the policy "Backups" says "plans.organization.rules.daily.lifecycle.delete_after_days.@@assign" is "35"
    And the policy "Backups" says "plans.organization.rules.monthly.schedule_expression.@@assign" is "cron(0 5 1 * ? *)"
    And the policy "Backups" says "plans.organization.rules.monthly.lifecycle.delete_after_days.@@assign" is "365"
    And the policy "Backups" says "plans.organization.rules.daily.target_backup_vault_name.@@assign" is "Default"
    And the policy "Backups" says "plans.organization.rules.daily.enable_continuous_backup.@@assign" is "false"

  Scenario: A tag selects what is backed up, in the account's own name
    Given with parameter "TagKey" set to "Keep"
    And with parameter "TagValue" set to "yes"
    Then the policy "Backups" says "plans.organization.selections.tags.tagged.tag_key.@@assign" is "Keep"
    And the policy "Backups" says "plans.organization.selections.tags.tagged.tag_value.@@assign[]" is "yes"
    And the policy "Backups" says "plans.organization.selections.tags.tagged.iam_role_arn.@@assign" is "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole"

  Scenario: Every region that the organization uses is covered
    Given with parameter "BackupRegions" set to "eu-west-1, eu-central-1"
    Then the policy "Backups" says "plans.organization.regions.@@assign[0]" is "eu-west-1"
    And the policy "Backups" says "plans.organization.regions.@@assign[1]" is "eu-central-1"

  Scenario: Nothing is copied to another region unless the consumer says so
    Then the policy "Backups" does not mention "plans.organization.rules.monthly.copy_actions"

  Scenario: Monthly backups survive the loss of a region
    Given with parameter "CopyRegion" set to "eu-central-1"
    Then the policy "Backups" says "plans.organization.rules.monthly.copy_actions.arn:aws:backup:eu-central-1:$account:backup-vault:Default.target_backup_vault_arn.@@assign" is "arn:aws:backup:eu-central-1:$account:backup-vault:Default"
    And the policy "Backups" says "plans.organization.rules.monthly.copy_actions.arn:aws:backup:eu-central-1:$account:backup-vault:Default.lifecycle.delete_after_days.@@assign" is "365"
    And the policy "Backups" fits the quota of its type

  Scenario: Backups are never kept for less than a week, or a quarter
    Then the parameter "RetentionDays" refuses "6"
    And the parameter "RetentionDays" refuses "36"
    And the parameter "MonthlyRetentionDays" refuses "89"
