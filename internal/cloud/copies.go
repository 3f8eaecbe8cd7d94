package cloud

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// executions is what finding copies needs of CodePipeline.
type executions interface {
	ListPipelineExecutions(context.Context, *codepipeline.ListPipelineExecutionsInput, ...func(*codepipeline.Options)) (*codepipeline.ListPipelineExecutionsOutput, error)
	ListActionExecutions(context.Context, *codepipeline.ListActionExecutionsInput, ...func(*codepipeline.Options)) (*codepipeline.ListActionExecutionsOutput, error)
}

// versions is what removing copies needs of S3.
type versions interface {
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

// Copies finds what a pipeline's executions made of commits: artifacts, in which a secret of a commit may be copied.
type Copies struct {
	Pipeline string
	Removed  []string // artifacts that may be removed, such as Package; the others are only told of

	executions executions
	versions   versions
}

// Copies looks as the session's identity.
func (s *Session) Copies(c Copies) *Copies {
	c.executions, c.versions = s.CodePipeline(), s.S3()
	return &c
}

// Copy is an artifact of an execution.
type Copy struct {
	Execution string `json:"execution"`
	Commit    string `json:"commit"`
	Artifact  string `json:"artifact"`
	Address   string `json:"address"` // s3://bucket/key
	Removed   bool   `json:"removed"`
}

// Remove finds the artifacts of executions of commits, and removes every version of those that may be removed.
func (c *Copies) Remove(ctx context.Context, concerned func(commit string) bool) ([]Copy, error) {
	var found []Copy
	pages := codepipeline.NewListPipelineExecutionsPaginator(c.executions, &codepipeline.ListPipelineExecutionsInput{PipelineName: &c.Pipeline})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for copies in pipeline %s: %w", c.Pipeline, err)
		}
		for _, execution := range page.PipelineExecutionSummaries {
			for _, revision := range execution.SourceRevisions {
				if commit := aws.ToString(revision.RevisionId); concerned(commit) {
					made, err := c.of(ctx, aws.ToString(execution.PipelineExecutionId), commit)
					if err != nil {
						return nil, err
					}
					found = append(found, made...)
				}
			}
		}
	}
	return found, nil
}

// of finds and removes the artifacts of one execution.
func (c *Copies) of(ctx context.Context, execution, commit string) ([]Copy, error) {
	var found []Copy
	pages := codepipeline.NewListActionExecutionsPaginator(c.executions, &codepipeline.ListActionExecutionsInput{
		PipelineName: &c.Pipeline, Filter: &types.ActionExecutionFilter{PipelineExecutionId: &execution},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for copies in execution %s: %w", execution, err)
		}
		for _, action := range page.ActionExecutionDetails {
			if action.Output == nil {
				continue
			}
			for _, artifact := range action.Output.OutputArtifacts {
				if artifact.S3location == nil {
					continue
				}
				bucket, key := aws.ToString(artifact.S3location.Bucket), aws.ToString(artifact.S3location.Key)
				made := Copy{Execution: execution, Commit: commit, Artifact: aws.ToString(artifact.Name), Address: "s3://" + bucket + "/" + key}
				if made.Removed = slices.Contains(c.Removed, made.Artifact); made.Removed {
					if err := c.remove(ctx, bucket, key); err != nil {
						return nil, err
					}
				}
				found = append(found, made)
			}
		}
	}
	return found, nil
}

// remove deletes every version of an object.
func (c *Copies) remove(ctx context.Context, bucket, key string) error {
	pages := s3.NewListObjectVersionsPaginator(c.versions, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("remove s3://%s/%s: %w", bucket, key, err)
		}
		for _, version := range page.Versions {
			if aws.ToString(version.Key) != key { // the prefix of a longer one
				continue
			}
			if _, err := c.versions.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, VersionId: version.VersionId}); err != nil {
				return fmt.Errorf("remove s3://%s/%s: %w", bucket, key, err)
			}
		}
	}
	return nil
}
