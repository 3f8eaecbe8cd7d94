package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucketContents is what emptying a bucket needs of S3.
type bucketContents interface {
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
}

// resourceDeleter is what deleting a resource of any type needs of Cloud Control.
type resourceDeleter interface {
	DeleteResource(context.Context, *cloudcontrol.DeleteResourceInput, ...func(*cloudcontrol.Options)) (*cloudcontrol.DeleteResourceOutput, error)
	GetResourceRequestStatus(context.Context, *cloudcontrol.GetResourceRequestStatusInput, ...func(*cloudcontrol.Options)) (*cloudcontrol.GetResourceRequestStatusOutput, error)
}

// Sweeper removes what stacks leave behind, of any type that Cloud Control knows; buckets are emptied first.
type Sweeper struct {
	contents  bucketContents
	resources resourceDeleter
	pace      Pace
}

// Sweeper removes with the session's identity.
func (s *Session) Sweeper() *Sweeper {
	return &Sweeper{contents: s.S3(), resources: s.CloudControl(), pace: DefaultPace}
}

// Remove deletes a resource by its type and physical id; one that is gone already is fine.
func (w *Sweeper) Remove(ctx context.Context, r StackResource) error {
	if r.Type == "AWS::S3::Bucket" {
		if err := w.Empty(ctx, r.PhysicalID); err != nil {
			return err
		}
	}
	out, err := w.resources.DeleteResource(ctx, &cloudcontrol.DeleteResourceInput{TypeName: &r.Type, Identifier: &r.PhysicalID})
	if hasCode(err, "ResourceNotFoundException") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep %s %s (%s): %w", r.Type, r.LogicalID, r.PhysicalID, err)
	}
	progress := out.ProgressEvent
	err = w.pace.Poll(ctx, "deletion of "+r.PhysicalID, func(ctx context.Context) (bool, error) {
		if progress == nil || progress.OperationStatus != types.OperationStatusInProgress && progress.OperationStatus != types.OperationStatusPending {
			return true, nil
		}
		status, err := w.resources.GetResourceRequestStatus(ctx, &cloudcontrol.GetResourceRequestStatusInput{RequestToken: progress.RequestToken})
		if err != nil {
			return false, err
		}
		progress = status.ProgressEvent
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("sweep %s %s (%s): %w", r.Type, r.LogicalID, r.PhysicalID, err)
	}
	if progress != nil && progress.OperationStatus != types.OperationStatusSuccess && progress.ErrorCode != types.HandlerErrorCodeNotFound {
		return fmt.Errorf("sweep %s %s (%s): %s: %s", r.Type, r.LogicalID, r.PhysicalID, progress.ErrorCode, aws.ToString(progress.StatusMessage))
	}
	return nil
}

// Empty deletes every version of every object of a bucket; a bucket that is gone is empty.
func (w *Sweeper) Empty(ctx context.Context, bucket string) error {
	pages := s3.NewListObjectVersionsPaginator(w.contents, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hasCode(err, "NoSuchBucket") {
			return nil
		}
		if err != nil {
			return fmt.Errorf("empty bucket %s: %w", bucket, err)
		}
		var ids []s3types.ObjectIdentifier
		for _, v := range page.Versions {
			ids = append(ids, s3types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, s3types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(ids) == 0 {
			continue
		}
		out, err := w.contents.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("empty bucket %s: %w", bucket, err)
		}
		if len(out.Errors) > 0 {
			first := out.Errors[0]
			return fmt.Errorf("empty bucket %s: %s: %s: Object Lock must be off in test accounts", bucket, aws.ToString(first.Key), aws.ToString(first.Message))
		}
	}
	return nil
}
