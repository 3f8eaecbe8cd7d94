package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"accountfleet/internal/ledger"
)

// objects is what ledger and store need of S3.
type objects interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Ledger keeps entries in a bucket, one object each, written only if it does not exist yet.
type Ledger struct {
	bucket  string
	objects objects
}

var _ interface {
	ledger.Reader
	ledger.Appender
} = (*Ledger)(nil)

// ledgerPrefix starts the keys of all entries.
const ledgerPrefix = "ledger/"

// Ledger is the ledger in bucket.
func (s *Session) Ledger(bucket string) *Ledger { return &Ledger{bucket: bucket, objects: s.S3()} }

// Entries reads all entries, ordered by Seq, and fails if one is missing.
func (l *Ledger) Entries(ctx context.Context) ([]ledger.Entry, error) {
	keys, err := l.keys(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]ledger.Entry, len(keys))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, key := range keys {
		group.Go(func() error {
			body, err := l.read(ctx, key)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(body, &entries[i]); err != nil {
				return fmt.Errorf("read s3://%s/%s: %w: the ledger is damaged, restore the object's first version", l.bucket, key, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, e := range entries {
		if e.Seq != i+1 || ledger.Key(e.Seq) != keys[i] {
			return nil, fmt.Errorf("read s3://%s/%s: holds entry %d where %d belongs: the ledger is damaged, restore the missing object",
				l.bucket, keys[i], e.Seq, i+1)
		}
	}
	return entries, nil
}

// Append writes e, or fails with ledger.ErrMoved if its number is taken by another entry or is not the next.
//
// A put whose answer was lost is tried again by the SDK and then finds its own object: the same bytes count as written.
func (l *Ledger) Append(ctx context.Context, e ledger.Entry) error {
	keys, err := l.keys(ctx)
	if err != nil {
		return err
	}
	if len(keys) != e.Seq-1 {
		return fmt.Errorf("append entry %d to s3://%s: the last entry is %d: %w", e.Seq, l.bucket, len(keys), ledger.ErrMoved)
	}
	body, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("append entry %d: %w", e.Seq, err)
	}
	key := ledger.Key(e.Seq)
	_, err = l.objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &l.bucket, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"), IfNoneMatch: aws.String("*"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, // S3 refuses an object under Object Lock without a checksum
	})
	if err == nil {
		return nil
	}
	if !exists(err) {
		return fmt.Errorf("append s3://%s/%s: %w", l.bucket, key, err)
	}
	if there, readErr := l.read(ctx, key); readErr == nil && bytes.Equal(there, body) {
		return nil
	}
	return fmt.Errorf("append s3://%s/%s: another entry took the number: %w", l.bucket, key, ledger.ErrMoved)
}

func (l *Ledger) keys(ctx context.Context) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(l.objects, &s3.ListObjectsV2Input{Bucket: &l.bucket, Prefix: aws.String(ledgerPrefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the ledger s3://%s: %w: deploy the catalog account's stack, and run this as a role that may read it", l.bucket, err)
		}
		for _, object := range page.Contents {
			if key := aws.ToString(object.Key); strings.HasSuffix(key, ".json") {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func (l *Ledger) read(ctx context.Context, key string) ([]byte, error) {
	return readObject(ctx, l.objects, l.bucket, key)
}

func readObject(ctx context.Context, objects objects, bucket, key string) ([]byte, error) {
	object, err := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	defer object.Body.Close()
	body, err := io.ReadAll(object.Body)
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return body, nil
}

// exists says whether a conditional put lost: 412 the object exists, 409 another put of it is under way.
func exists(err error) bool {
	return hasCode(err, "PreconditionFailed", "ConditionalRequestConflict")
}

func hasCode(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}
