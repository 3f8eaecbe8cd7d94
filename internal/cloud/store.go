package cloud

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"accountfleet/internal/config"
)

// ProvisioningTag lets launch roles read a template: they may get objects that carry it.
// Source: AWS Service Catalog Administrator Guide, "Launch constraints", s3:ExistingObjectTag/servicecatalog:provisioning.
const ProvisioningTag = "servicecatalog:provisioning=true"

// Store is the immutable template store of one catalog region.
type Store struct {
	bucket  string
	objects objects
}

// Store is the template store in bucket.
func (s *Session) Store(bucket string) *Store { return &Store{bucket: bucket, objects: s.S3()} }

// Put stores a template under its digest and says whether it was new. What is there already must be the same bytes.
func (t *Store) Put(ctx context.Context, digest string, body []byte) (added bool, err error) {
	if got := hexDigest(body); got != digest {
		return false, fmt.Errorf("store template %s: its digest is %s: the package is damaged", digest, got)
	}
	key := config.TemplateKey(digest)
	_, err = t.objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &t.bucket, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
		IfNoneMatch: aws.String("*"), Tagging: aws.String(ProvisioningTag),
	})
	if err == nil {
		return true, nil
	}
	if !exists(err) {
		return false, fmt.Errorf("store s3://%s/%s: %w", t.bucket, key, err)
	}
	there, err := t.Get(ctx, digest)
	if err != nil {
		return false, err
	}
	if !bytes.Equal(there, body) {
		return false, fmt.Errorf("store s3://%s/%s: another template is there: restore the object's first version", t.bucket, key)
	}
	return false, nil
}

// Get reads the template with a digest.
func (t *Store) Get(ctx context.Context, digest string) ([]byte, error) {
	return readObject(ctx, t.objects, t.bucket, config.TemplateKey(digest))
}

func hexDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// PutFile writes an object that may be replaced, for pages and working copies.
func (s *Session) PutFile(ctx context.Context, bucket, key, contentType string, body []byte) error {
	_, err := s.S3().PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ContentType: &contentType,
	})
	if err != nil {
		return fmt.Errorf("write s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}

// PutTemplate writes a template that CloudFormation reads in the session's account, and returns its address.
func (s *Session) PutTemplate(ctx context.Context, bucket, key string, body []byte) (string, error) {
	if err := s.PutFile(ctx, bucket, key, "application/json", body); err != nil {
		return "", err
	}
	return fmt.Sprintf("https://%s.s3.%s.amazonaws.com/%s", bucket, s.Region(), key), nil
}
