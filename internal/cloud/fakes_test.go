package cloud

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	cctypes "github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// quick is a pace for tests: no pause that a person would notice.
var quick = Pace{First: time.Millisecond, Longest: time.Millisecond, Timeout: time.Second}

// fakeBucket is a bucket that honours If-None-Match.
type fakeBucket struct {
	objects map[string][]byte
	lose    bool // the next put writes, but its answer is lost and tried again
	beaten  []byte
	code    string // code of a lost condition, PreconditionFailed unless given
}

func (b *fakeBucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	out := &s3.ListObjectsV2Output{}
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if strings.HasPrefix(key, aws.ToString(in.Prefix)) {
			out.Contents = append(out.Contents, s3types.Object{Key: aws.String(key)})
		}
	}
	return out, nil
}

func (b *fakeBucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	body, ok := b.objects[*in.Key]
	if !ok {
		return nil, &smithy.GenericAPIError{Code: "NoSuchKey"}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(body))}, nil
}

func (b *fakeBucket) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	if b.beaten != nil {
		b.objects[*in.Key], b.beaten = b.beaten, nil
	}
	if b.lose {
		b.objects[*in.Key], b.lose = body, false
	}
	if _, taken := b.objects[*in.Key]; taken && aws.ToString(in.IfNoneMatch) == "*" {
		code := b.code
		if code == "" {
			code = "PreconditionFailed"
		}
		return nil, &smithy.GenericAPIError{Code: code, Message: "lost"}
	}
	b.objects[*in.Key] = body
	return &s3.PutObjectOutput{}, nil
}

// fakeFormation holds one stack and answers each operation with the statuses and events scripted for it.
type fakeFormation struct {
	stack     *types.Stack
	events    []types.StackEvent // newest first, as CloudFormation gives them
	resources []types.StackResourceSummary
	script    map[string][]types.StackStatus // operation -> statuses that follow, one a look
	failures  map[string][]types.StackEvent  // operation -> events that it adds, oldest first
	refusals  map[string]error
	calls     []string
}

func (f *fakeFormation) DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	if f.stack == nil {
		return nil, &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id x does not exist"}
	}
	if next := f.script["now"]; len(next) > 0 {
		f.stack.StackStatus, f.script["now"] = next[0], next[1:]
	}
	seen := *f.stack
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{seen}}, nil
}

func (f *fakeFormation) DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error) {
	return &cloudformation.DescribeStackEventsOutput{StackEvents: slices.Clone(f.events)}, nil
}

func (f *fakeFormation) ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error) {
	return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: f.resources}, nil
}

func (f *fakeFormation) CreateStack(_ context.Context, in *cloudformation.CreateStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.CreateStackOutput, error) {
	if err := f.operate("create"); err != nil {
		return nil, err
	}
	f.stack = &types.Stack{StackName: in.StackName, StackId: aws.String("arn:stack/" + *in.StackName), StackStatus: types.StackStatusCreateInProgress}
	return &cloudformation.CreateStackOutput{StackId: f.stack.StackId}, nil
}

func (f *fakeFormation) UpdateStack(context.Context, *cloudformation.UpdateStackInput, ...func(*cloudformation.Options)) (*cloudformation.UpdateStackOutput, error) {
	return &cloudformation.UpdateStackOutput{}, f.operate("update")
}

func (f *fakeFormation) DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error) {
	return &cloudformation.DeleteStackOutput{}, f.operate("delete")
}

func (f *fakeFormation) operate(name string) error {
	f.calls = append(f.calls, name)
	if err := f.refusals[name]; err != nil {
		return err
	}
	f.script["now"] = slices.Clone(f.script[name])
	for _, event := range f.failures[name] {
		f.events = slices.Insert(f.events, 0, event)
	}
	return nil
}

func event(id, resource string, status types.ResourceStatus, reason string) types.StackEvent {
	return types.StackEvent{EventId: aws.String(id), LogicalResourceId: aws.String(resource), ResourceStatus: status, ResourceStatusReason: aws.String(reason)}
}

// fakeAccount is a bucket with versions and Cloud Control.
type fakeAccount struct {
	versions []s3types.ObjectVersion
	markers  []s3types.DeleteMarkerEntry
	deleted  []string
	refusal  error
	progress []cctypes.ProgressEvent
}

func (a *fakeAccount) ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	return &s3.ListObjectVersionsOutput{Versions: a.versions, DeleteMarkers: a.markers}, nil
}

func (a *fakeAccount) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	for _, o := range in.Delete.Objects {
		a.deleted = append(a.deleted, *o.Key+"@"+*o.VersionId)
	}
	return &s3.DeleteObjectsOutput{}, nil
}

func (a *fakeAccount) DeleteResource(_ context.Context, in *cloudcontrol.DeleteResourceInput, _ ...func(*cloudcontrol.Options)) (*cloudcontrol.DeleteResourceOutput, error) {
	if a.refusal != nil {
		return nil, a.refusal
	}
	a.deleted = append(a.deleted, *in.TypeName+" "+*in.Identifier)
	return &cloudcontrol.DeleteResourceOutput{ProgressEvent: a.next()}, nil
}

func (a *fakeAccount) GetResourceRequestStatus(context.Context, *cloudcontrol.GetResourceRequestStatusInput, ...func(*cloudcontrol.Options)) (*cloudcontrol.GetResourceRequestStatusOutput, error) {
	return &cloudcontrol.GetResourceRequestStatusOutput{ProgressEvent: a.next()}, nil
}

func (a *fakeAccount) next() *cctypes.ProgressEvent {
	p := a.progress[0]
	a.progress = a.progress[1:]
	return &p
}
