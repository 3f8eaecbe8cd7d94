package iam

// path is a known way from some permissions to more than were given.
type path struct {
	name    string   // ends the rule's name
	actions []string // all of them are needed; the first is the one that must be limited
	service string   // for iam:PassRole: the service that takes the role, as iam:PassedToService names it
	does    string   // what whoever has the actions can do
	source  string   // who describes it
}

// rule is the name by which findings of the path are waived.
func (p path) rule() string { return Prefix + "ESCALATES_BY_" + p.name }

const (
	anyRole    = "acts as any role that it passes"
	anyService = "acts as the role of whatever it changes"

	rhino      = "https://github.com/RhinoSecurityLabs/AWS-IAM-Privilege-Escalation"
	boundaries = userGuide + "access_policies_boundaries.html"
)

// pathfinding is an entry of Datadog's catalog, which holds a laboratory for each.
func pathfinding(id string) string { return "https://pathfinding.cloud/paths/" + id }

// pmapper is a source file of NCC Group's Principal Mapper.
func pmapper(edges string) string {
	return "https://github.com/nccgroup/PMapper/blob/master/principalmapper/graphing/" + edges + "_edges.py"
}

// hacktricks is a chapter of HackTricks Cloud.
func hacktricks(chapter string) string {
	return "https://github.com/HackTricks-wiki/hacktricks-cloud/tree/master/src/pentesting-cloud/aws-security/aws-privilege-escalation/" + chapter + "-privesc"
}

func passing(name, source, service string, actions ...string) path {
	return path{name, append([]string{"iam:PassRole"}, actions...), service, anyRole, source}
}

func changing(name, source, does string, actions ...string) path {
	return path{name, actions, "", does, source}
}

// paths are the known ways. Each names who describes it; the names of actions are those of the Service Authorization Reference, and those
// of services stand as iam:PassedToService in AWS managed policies or in the source. Where a source also needs an action that starts what
// was made, such as lambda:InvokeFunction, it is left out: an event or a schedule starts it too. What a source describes for services that
// AWS has ended (CodeStar), and ways that need more than permissions (a key that was found, a machine that was broken into), are not here.
var paths = []path{
	changing("NEW_POLICY_VERSION", pathfinding("iam-001"), "writes a new version of a policy, with any permission", "iam:CreatePolicyVersion"),
	changing("DEFAULT_POLICY_VERSION", rhino, "brings an older, wider version of a policy back", "iam:SetDefaultPolicyVersion"),
	changing("ATTACHING_TO_ROLE", pathfinding("iam-009"), "attaches an administrator's policy to a role", "iam:AttachRolePolicy"),
	changing("ATTACHING_TO_USER", pathfinding("iam-008"), "attaches an administrator's policy to a user", "iam:AttachUserPolicy"),
	changing("ATTACHING_TO_GROUP", pathfinding("iam-010"), "attaches an administrator's policy to a group", "iam:AttachGroupPolicy"),
	changing("WRITING_ROLE_POLICY", pathfinding("iam-005"), "writes any permission into a role", "iam:PutRolePolicy"),
	changing("WRITING_USER_POLICY", pathfinding("iam-007"), "writes any permission into a user", "iam:PutUserPolicy"),
	changing("WRITING_GROUP_POLICY", pathfinding("iam-011"), "writes any permission into a group", "iam:PutGroupPolicy"),
	changing("JOINING_GROUP", pathfinding("iam-013"), "joins an administrators' group", "iam:AddUserToGroup"),
	changing("WRITING_TRUST", pathfinding("iam-012"), "makes any role trust whom it wants", "iam:UpdateAssumeRolePolicy"),
	changing("ACCESS_KEY", pathfinding("iam-002"), "makes a key of another user and acts as him", "iam:CreateAccessKey"),
	changing("LOGIN_PROFILE", pathfinding("iam-004"), "gives a user a password and signs in as him", "iam:CreateLoginProfile"),
	changing("PASSWORD", pathfinding("iam-006"), "sets the password of a user and signs in as him", "iam:UpdateLoginProfile"),
	changing("SERVICE_CREDENTIAL", hacktricks("aws-iam"), "makes a credential of another user for a service", "iam:CreateServiceSpecificCredential"),
	changing("RESET_CREDENTIAL", hacktricks("aws-iam"), "learns a new password of another user for a service", "iam:ResetServiceSpecificCredential"),
	changing("SSH_PUBLIC_KEY", hacktricks("aws-iam"), "reads and pushes to CodeCommit repositories as another user", "iam:UploadSSHPublicKey"),
	changing("ROLE_BOUNDARY", boundaries, "takes the boundary off a role", "iam:DeleteRolePermissionsBoundary"),
	changing("NEW_ROLE_BOUNDARY", hacktricks("aws-iam"), "replaces the boundary of a role by a wider one", "iam:PutRolePermissionsBoundary"),
	changing("USER_BOUNDARY", boundaries, "takes the boundary off a user", "iam:DeleteUserPermissionsBoundary"),
	changing("NEW_USER_BOUNDARY", hacktricks("aws-iam"), "replaces the boundary of a user by a wider one", "iam:PutUserPermissionsBoundary"),
	changing("SAML_PROVIDER", hacktricks("aws-iam"), "signs in through an identity provider of its own, as any role that trusts that provider", "iam:UpdateSAMLProvider"),
	changing("PERMISSION_SET", hacktricks("aws-sso-and-identitystore"), "writes any permission into a permission set", "sso:PutInlinePolicyToPermissionSet"),
	changing("MANAGED_PERMISSION_SET", hacktricks("aws-sso-and-identitystore"), "attaches an administrator's policy to a permission set",
		"sso:AttachManagedPolicyToPermissionSet"),
	changing("CUSTOMER_PERMISSION_SET", hacktricks("aws-sso-and-identitystore"), "attaches any policy of the accounts to a permission set",
		"sso:AttachCustomerManagedPolicyReferenceToPermissionSet"),
	changing("PERMISSION_SET_BOUNDARY", hacktricks("aws-sso-and-identitystore"), "takes the boundary off a permission set",
		"sso:DeletePermissionsBoundaryFromPermissionSet"),
	changing("ASSIGNMENT", hacktricks("aws-sso-and-identitystore"), "assigns any permission set in any account to itself", "sso:CreateAccountAssignment"),
	changing("DIRECTORY_GROUP", hacktricks("aws-sso-and-identitystore"), "joins any group of the directory, and has what is assigned to it",
		"identitystore:CreateGroupMembership"),
	changing("DIRECTORY_PASSWORD", hacktricks("aws-sso-and-identitystore"), "sets the password of a user of the directory and signs in as him",
		"sso-directory:UpdatePassword"),

	passing("FUNCTION", pathfinding("lambda-001"), "lambda.amazonaws.com", "lambda:CreateFunction"),
	passing("FUNCTION_ROLE", pmapper("lambda"), "lambda.amazonaws.com", "lambda:UpdateFunctionConfiguration"),
	passing("INSTANCE", pathfinding("ec2-001"), "ec2.amazonaws.com", "ec2:RunInstances"),
	passing("INSTANCE_PROFILE", pmapper("ec2"), "ec2.amazonaws.com", "ec2:AssociateIamInstanceProfile"),
	passing("REPLACED_PROFILE", hacktricks("aws-ec2"), "ec2.amazonaws.com", "ec2:ReplaceIamInstanceProfileAssociation"),
	passing("ROLE_OF_PROFILE", hacktricks("aws-ec2"), "ec2.amazonaws.com", "iam:AddRoleToInstanceProfile"),
	passing("SPOT_INSTANCE", pathfinding("ec2-003"), "ec2.amazonaws.com", "ec2:RequestSpotInstances"),
	passing("SCALING_GROUP", pmapper("autoscaling"), "ec2.amazonaws.com", "autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"),
	passing("LAUNCH_TEMPLATE", hacktricks("aws-ec2"), "ec2.amazonaws.com", "ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup"),
	passing("CHANGED_SCALING_GROUP", hacktricks("aws-ec2"), "ec2.amazonaws.com", "autoscaling:CreateLaunchConfiguration", "autoscaling:UpdateAutoScalingGroup"),
	passing("CHANGED_SCALING_TEMPLATE", hacktricks("aws-ec2"), "ec2.amazonaws.com", "ec2:CreateLaunchTemplate", "autoscaling:UpdateAutoScalingGroup"),
	passing("IMAGE", pathfinding("imagebuilder-001"), "ec2.amazonaws.com",
		"imagebuilder:CreateComponent", "imagebuilder:CreateImageRecipe", "imagebuilder:CreateInfrastructureConfiguration", "imagebuilder:CreateImage"),
	passing("TASK", hacktricks("aws-ecs"), "ecs-tasks.amazonaws.com", "ecs:RunTask"),
	passing("TASK_ON_INSTANCE", pathfinding("ecs-009"), "ecs-tasks.amazonaws.com", "ecs:StartTask"),
	passing("CONTAINER_SERVICE", pathfinding("ecs-003"), "ecs-tasks.amazonaws.com", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
	passing("CHANGED_CONTAINER_SERVICE", hacktricks("aws-ecs"), "ecs-tasks.amazonaws.com", "ecs:RegisterTaskDefinition", "ecs:UpdateService"),
	passing("STACK", pathfinding("cloudformation-001"), "cloudformation.amazonaws.com", "cloudformation:CreateStack"),
	passing("UPDATED_STACK", pmapper("cloudformation"), "cloudformation.amazonaws.com", "cloudformation:UpdateStack"),
	passing("CHANGE_SET", pmapper("cloudformation"), "cloudformation.amazonaws.com", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
	passing("STACK_SET", pathfinding("cloudformation-003"), "cloudformation.amazonaws.com", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"),
	passing("UPDATED_STACK_SET", pathfinding("cloudformation-004"), "cloudformation.amazonaws.com", "cloudformation:UpdateStackSet"),
	passing("BUILD", pathfinding("codebuild-001"), "codebuild.amazonaws.com", "codebuild:CreateProject"),
	passing("CHANGED_BUILD", pmapper("codebuild"), "codebuild.amazonaws.com", "codebuild:UpdateProject"),
	passing("PIPELINE", hacktricks("aws-codepipeline"), "codepipeline.amazonaws.com", "codepipeline:CreatePipeline"),
	passing("DATA_PIPELINE", pathfinding("datapipeline-001"), "datapipeline.amazonaws.com", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"),
	passing("GLUE_ENDPOINT", pathfinding("glue-001"), "glue.amazonaws.com", "glue:CreateDevEndpoint"),
	passing("GLUE_JOB", pathfinding("glue-003"), "glue.amazonaws.com", "glue:CreateJob"),
	passing("GLUE_JOB_ROLE", pathfinding("glue-005"), "glue.amazonaws.com", "glue:UpdateJob"),
	passing("GLUE_SESSION", pathfinding("glue-007"), "glue.amazonaws.com", "glue:CreateSession"),
	passing("NOTEBOOK", pathfinding("sagemaker-001"), "sagemaker.amazonaws.com", "sagemaker:CreateNotebookInstance"),
	passing("TRAINING", pathfinding("sagemaker-002"), "sagemaker.amazonaws.com", "sagemaker:CreateTrainingJob"),
	passing("TUNING", hacktricks("aws-sagemaker"), "sagemaker.amazonaws.com", "sagemaker:CreateHyperParameterTuningJob"),
	passing("PROCESSING", pathfinding("sagemaker-003"), "sagemaker.amazonaws.com", "sagemaker:CreateProcessingJob"),
	passing("STATE_MACHINE", hacktricks("aws-stepfunctions"), "states.amazonaws.com", "states:CreateStateMachine"),
	passing("CHANGED_STATE_MACHINE", hacktricks("aws-stepfunctions"), "states.amazonaws.com", "states:UpdateStateMachine"),
	passing("STATE_TEST", hacktricks("aws-stepfunctions"), "states.amazonaws.com", "states:TestState"),
	passing("BATCH_JOB", pathfinding("batch-001"), "ecs-tasks.amazonaws.com", "batch:RegisterJobDefinition", "batch:SubmitJob"),
	passing("CONTAINER_APP", pathfinding("apprunner-001"), "tasks.apprunner.amazonaws.com", "apprunner:CreateService"),
	passing("CLUSTER", hacktricks("aws-emr"), "ec2.amazonaws.com", "elasticmapreduce:RunJobFlow"),
	passing("SERVERLESS_CLUSTER", pathfinding("emrserverless-001"), "emr-serverless.amazonaws.com", "emr-serverless:StartJobRun"),
	passing("STREAM", pathfinding("kinesisanalytics-001"), "kinesisanalytics.amazonaws.com", "kinesisanalytics:CreateApplication"),
	passing("QUANTUM_JOB", pathfinding("braket-001"), "braket.amazonaws.com", "braket:CreateJob"),
	passing("GENOMICS_RUN", pathfinding("omics-001"), "omics.amazonaws.com", "omics:CreateWorkflow", "omics:StartRun"),
	passing("GAME_FLEET", pathfinding("gamelift-001"), "gamelift.amazonaws.com", "gamelift:CreateBuild", "gamelift:CreateFleet"),
	passing("CODE_INTERPRETER", pathfinding("bedrock-001"), "bedrock-agentcore.amazonaws.com",
		"bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"),
	passing("AGENT", pathfinding("bedrock-003"), "bedrock-agentcore.amazonaws.com",
		"bedrock-agentcore:CreateAgentRuntime", "bedrock-agentcore:CreateWorkloadIdentity", "bedrock-agentcore:InvokeAgentRuntimeCommand"),
	passing("BROWSER", pathfinding("bedrock-006"), "bedrock-agentcore.amazonaws.com",
		"bedrock-agentcore:CreateBrowser", "bedrock-agentcore:StartBrowserSession", "bedrock-agentcore:ConnectBrowserAutomationStream"),
	passing("AUTOMATION", pathfinding("ssm-003"), "ssm.amazonaws.com", "ssm:StartAutomationExecution"),
	passing("SCHEDULE", hacktricks("eventbridgescheduler"), "scheduler.amazonaws.com", "scheduler:CreateSchedule"),
	passing("CHANGED_SCHEDULE", hacktricks("eventbridgescheduler"), "scheduler.amazonaws.com", "scheduler:UpdateSchedule"),
	passing("IDENTITY_POOL", pathfinding("cognitoidentity-001"), "cognito-identity.amazonaws.com", "cognito-identity:SetIdentityPoolRoles"),

	changing("FUNCTION_CODE", pathfinding("lambda-003"), anyService, "lambda:UpdateFunctionCode"),
	changing("FUNCTION_LAYER", hacktricks("aws-lambda"), "puts a layer of its code before a function and acts as the function's role",
		"lambda:UpdateFunctionConfiguration"),
	changing("STACK_TEMPLATE", pathfinding("cloudformation-002"), "makes any resource by the role of a stack", "cloudformation:UpdateStack"),
	changing("STACK_CHANGE_SET", pathfinding("cloudformation-005"), "makes any resource by the role of a stack",
		"cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
	changing("STACK_SET_TEMPLATE", hacktricks("aws-cloudformation"), "makes any resource in the accounts of a stack set", "cloudformation:UpdateStackSet"),
	changing("ENDPOINT_KEY", pathfinding("glue-002"), "signs in to a development endpoint and acts as its role", "glue:UpdateDevEndpoint"),
	changing("GLUE_JOB_SCRIPT", hacktricks("aws-glue"), anyService, "glue:UpdateJob"),
	changing("STATE_MACHINE_DEFINITION", hacktricks("aws-stepfunctions"), anyService, "states:UpdateStateMachine"),
	changing("COMMAND", pathfinding("ssm-002"), "runs commands on any machine and acts as its role", "ssm:SendCommand"),
	changing("ASSOCIATION", hacktricks("aws-ssm"), "has commands run on any machine and acts as its role", "ssm:CreateAssociation"),
	changing("DOCUMENT", hacktricks("aws-ssm"), "changes what is run on machines and acts as their role", "ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion"),
	changing("SESSION", pathfinding("ssm-001"), "opens a shell on any machine and acts as its role", "ssm:StartSession"),
	changing("SSH_KEY", pathfinding("ec2instanceconnect-003"), "signs in to any machine and acts as its role", "ec2-instance-connect:SendSSHPublicKey"),
	changing("USER_DATA", pathfinding("ec2-002"), "replaces what a machine runs at its start and acts as its role",
		"ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"),
	changing("LAUNCH_TEMPLATE_VERSION", pathfinding("ec2-004"), "replaces what new machines run at their start and acts as their role",
		"ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"),
	changing("DEPLOYMENT", pathfinding("codedeploy-001"), "runs its own scripts on the machines of a deployment group and acts as their role",
		"codedeploy:CreateDeployment", "codedeploy:RegisterApplicationRevision"),
	changing("CONTAINER_SHELL", hacktricks("aws-ecs"), "opens a shell in any container and acts as its role", "ecs:ExecuteCommand"),
	changing("BATCH_COMMAND", pathfinding("batch-002"), "runs its own command in any job and acts as its role", "batch:SubmitJob"),
	changing("CONTAINER_APP_IMAGE", pathfinding("apprunner-002"), anyService, "apprunner:UpdateService"),
	changing("BUILD_OVERRIDE", pathfinding("codebuild-002"), "runs its own buildspec in any project and acts as its role", "codebuild:StartBuild"),
	changing("BUILD_BATCH_OVERRIDE", pathfinding("codebuild-003"), "runs its own buildspec in any project and acts as its role", "codebuild:StartBuildBatch"),
	changing("BUILD_PROJECT", hacktricks("aws-codebuild"), "writes its own buildspec into any project and acts as its role",
		"codebuild:UpdateProject", "codebuild:StartBuild"),
	changing("NOTEBOOK_URL", pathfinding("sagemaker-004"), "opens any notebook and acts as its role", "sagemaker:CreatePresignedNotebookInstanceUrl"),
	changing("NOTEBOOK_START", pathfinding("sagemaker-005"), "replaces what a notebook runs at its start and acts as its role",
		"sagemaker:UpdateNotebookInstance", "sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker:StopNotebookInstance", "sagemaker:StartNotebookInstance"),
	changing("STUDIO_URL", hacktricks("aws-sagemaker"), "opens the studio of any user and acts as his role", "sagemaker:CreatePresignedDomainUrl"),
	changing("CODE_INTERPRETER_SESSION", pathfinding("bedrock-002"), "runs code in any interpreter and acts as its role",
		"bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"),
	changing("AGENT_COMMAND", pathfinding("bedrock-004"), "runs commands beside any agent and acts as its role", "bedrock-agentcore:InvokeAgentRuntimeCommand"),
	changing("BROWSER_SESSION", pathfinding("bedrock-007"), "drives any browser of agents and acts as its role",
		"bedrock-agentcore:StartBrowserSession", "bedrock-agentcore:ConnectBrowserAutomationStream"),
}
