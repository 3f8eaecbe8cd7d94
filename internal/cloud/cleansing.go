package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// Bundles keeps the bundles and journals of cleansings in a bucket, whose default encryption and Object Lock protect them.
type Bundles struct {
	bucket  string
	objects objects
}

// Bundles is the bundle store in bucket.
func (s *Session) Bundles(bucket string) *Bundles { return &Bundles{bucket: bucket, objects: s.S3()} }

// Put writes an object whole.
func (b *Bundles) Put(ctx context.Context, name string, body io.Reader) error {
	seekable, ok := body.(io.ReadSeeker) // a bundle is a file; S3 wants to know length and checksum first
	if !ok {
		all, err := io.ReadAll(body)
		if err != nil {
			return fmt.Errorf("write s3://%s/%s: %w", b.bucket, name, err)
		}
		seekable = bytes.NewReader(all)
	}
	_, err := b.objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.bucket, Key: &name, Body: seekable,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, // S3 refuses an object under Object Lock without a checksum
	})
	if err != nil {
		return fmt.Errorf("write s3://%s/%s: %w: run this as the cleansing's role, by its project", b.bucket, name, err)
	}
	return nil
}

// Get opens an object; one that is not there is fs.ErrNotExist.
func (b *Bundles) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := b.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.bucket, Key: &name})
	if hasCode(err, "NoSuchKey") {
		return nil, fmt.Errorf("read s3://%s/%s: %w", b.bucket, name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w: run this as the cleansing's role, by its project", b.bucket, name, err)
	}
	return object.Body, nil
}

// List gives the keys of all objects.
func (b *Bundles) List(ctx context.Context) (names []string, err error) {
	pages := s3.NewListObjectsV2Paginator(b.objects, &s3.ListObjectsV2Input{Bucket: &b.bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list s3://%s: %w: run this as the cleansing's role, by its project", b.bucket, err)
		}
		for _, object := range page.Contents {
			names = append(names, aws.ToString(object.Key))
		}
	}
	return names, nil
}

// tagger is what freezing needs of CodeCommit.
type tagger interface {
	TagResource(context.Context, *codecommit.TagResourceInput, ...func(*codecommit.Options)) (*codecommit.TagResourceOutput, error)
	UntagResource(context.Context, *codecommit.UntagResourceInput, ...func(*codecommit.Options)) (*codecommit.UntagResourceOutput, error)
}

// switcher is what holding the trigger needs of EventBridge.
type switcher interface {
	DisableRule(context.Context, *eventbridge.DisableRuleInput, ...func(*eventbridge.Options)) (*eventbridge.DisableRuleOutput, error)
	EnableRule(context.Context, *eventbridge.EnableRuleInput, ...func(*eventbridge.Options)) (*eventbridge.EnableRuleOutput, error)
}

// Freeze keeps engineers and the pipeline's trigger away from a repository while its history is rewritten: a tag, which the engineers'
// policy asks for, and the trigger's rule, which is disabled.
type Freeze struct {
	Repository string // ARN
	Tag        string // key
	Why        string // value of the tag, for people who find it
	Rule       string
	Takes      time.Duration // that Close waits: IAM sees a new tag after a while; 0 where leases protect what is pushed meanwhile

	repositories tagger
	rules        switcher
}

// Freeze freezes as the session's identity.
func (s *Session) Freeze(f Freeze) *Freeze {
	f.repositories, f.rules = codecommit.NewFromConfig(s.config), eventbridge.NewFromConfig(s.config)
	return &f
}

// gone says that there is no repository: nobody can push to it, and one that is made again is frozen by its own tags.
func gone(err error) bool { return hasCode(err, "RepositoryDoesNotExistException") }

// Close freezes. It can be repeated.
func (f *Freeze) Close(ctx context.Context) error {
	_, err := f.repositories.TagResource(ctx, &codecommit.TagResourceInput{ResourceArn: &f.Repository, Tags: map[string]string{f.Tag: f.Why}})
	if err != nil && !gone(err) {
		return fmt.Errorf("freeze %s: %w", f.Repository, err)
	}
	if _, err := f.rules.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: &f.Rule}); err != nil {
		return fmt.Errorf("hold rule %s: %w", f.Rule, err)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(f.Takes):
	}
	return nil
}

// Open thaws: both halves are tried, whatever becomes of the other. It can be repeated.
func (f *Freeze) Open(ctx context.Context) error {
	var enabled, thawed error
	if _, err := f.rules.EnableRule(ctx, &eventbridge.EnableRuleInput{Name: &f.Rule}); err != nil {
		enabled = fmt.Errorf("enable rule %s: %w: pushes start nothing until it is enabled: aws events enable-rule --name %[1]s", f.Rule, err)
	}
	_, err := f.repositories.UntagResource(ctx, &codecommit.UntagResourceInput{ResourceArn: &f.Repository, TagKeys: []string{f.Tag}})
	if err != nil && !gone(err) {
		thawed = fmt.Errorf("thaw %s: %w: nobody can push until the tag is gone: aws codecommit untag-resource --resource-arn %[1]s --tag-keys %[3]s",
			f.Repository, err, f.Tag)
	}
	return errors.Join(enabled, thawed)
}

// mostSubject is how long the subject of a notification may be. Source: Publish in the SNS API Reference.
const mostSubject = 100

// Notify publishes to a topic.
func (s *Session) Notify(ctx context.Context, topic, subject, text string) error {
	subject = subject[:min(len(subject), mostSubject)]
	if _, err := sns.NewFromConfig(s.config).Publish(ctx, &sns.PublishInput{TopicArn: &topic, Subject: &subject, Message: &text}); err != nil {
		return fmt.Errorf("notify %s: %w", topic, err)
	}
	return nil
}

// Release starts the pipeline on what its branch holds now, and gives the execution's id.
func (s *Session) Release(ctx context.Context, pipeline string) (string, error) {
	out, err := s.CodePipeline().StartPipelineExecution(ctx, &codepipeline.StartPipelineExecutionInput{Name: &pipeline})
	if err != nil {
		return "", fmt.Errorf("start pipeline %s: %w", pipeline, err)
	}
	return aws.ToString(out.PipelineExecutionId), nil
}
