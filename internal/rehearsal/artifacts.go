package rehearsal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"accountfleet/internal/assembly"
)

// artifacts are what the actions of one execution hand on: zips in the artifact bucket, written and read with the credentials of the
// role that would do so on AWS, so that a missing permission on bucket or key fails the rehearsal too: the emulated S3 asks for both.
type artifacts struct {
	session *Session
	prefix  string // of object keys: the pipeline's name, cut as CodePipeline cuts it

	mu     sync.Mutex
	places map[string]map[string]place // artifact -> region -> place
}

// place is where an artifact lies.
type place struct{ store, key string }

func newArtifacts(s *Session) *artifacts {
	return &artifacts{session: s, prefix: cut(s.plan.Assembly.Pipeline.Name, 20), places: map[string]map[string]place{}}
}

// cut shortens a name for an object key: CodePipeline keeps 20 characters of a pipeline's name and 10 of an artifact's.
func cut(name string, length int) string { return name[:min(len(name), length)] }

func (a *artifacts) store(region string) (assembly.Store, error) {
	store, ok := a.session.plan.Assembly.Pipeline.Stores[region]
	if !ok {
		return store, fmt.Errorf("the pipeline has no artifact store in %s: actions there need one", region)
	}
	return store, nil
}

// put uploads the zip at path as an artifact, as the given role.
func (a *artifacts) put(ctx context.Context, by identity, region, name, path string) error {
	key := strings.Join([]string{a.prefix, cut(name, 10), rand.Text()[:7]}, "/")
	if err := a.upload(ctx, by, region, key, path); err != nil {
		return fmt.Errorf("put artifact %s: %w", name, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.places[name] = map[string]place{region: {store: region, key: key}}
	return nil
}

func (a *artifacts) upload(ctx context.Context, by identity, region, key, path string) error {
	store, err := a.store(region)
	if err != nil {
		return err
	}
	body, err := os.Open(path)
	if err != nil {
		return err
	}
	defer body.Close()
	input := &s3.PutObjectInput{Bucket: &store.Bucket, Key: &key, Body: body, ServerSideEncryption: types.ServerSideEncryptionAes256}
	if store.KeyARN != "" {
		input.ServerSideEncryption, input.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &store.KeyARN
	}
	_, err = bucketClient(by, region).PutObject(ctx, input)
	return denied(err, by, "write", "s3://"+store.Bucket+"/"+key)
}

// get downloads an artifact as the given role and unpacks it into dir.
func (a *artifacts) get(ctx context.Context, by identity, region, name, dir string) error {
	at, err := a.find(ctx, region, name)
	if err != nil {
		return err
	}
	path := dir + ".zip"
	if err := a.download(ctx, by, region, at.key, path); err != nil {
		return fmt.Errorf("get artifact %s: %w", name, err)
	}
	defer os.Remove(path)
	return unpack(path, dir)
}

func (a *artifacts) download(ctx context.Context, by identity, region, key, path string) (err error) {
	store, err := a.store(region)
	if err != nil {
		return err
	}
	out, err := bucketClient(by, region).GetObject(ctx, &s3.GetObjectInput{Bucket: &store.Bucket, Key: &key})
	if err != nil {
		return denied(err, by, "read", "s3://"+store.Bucket+"/"+key)
	}
	defer out.Body.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	_, err = io.Copy(file, out.Body)
	return err
}

// find returns where an artifact lies in a region. CodePipeline itself copies artifacts between the stores of regions.
func (a *artifacts) find(ctx context.Context, region, name string) (place, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	places, ok := a.places[name]
	if !ok {
		return place{}, fmt.Errorf("artifact %s was not made: the action that makes it did not run", name)
	}
	if at, ok := places[region]; ok {
		return at, nil
	}
	for origin, at := range places {
		path := filepath.Join(a.session.scratch, "copy-"+rand.Text()+".zip")
		defer os.Remove(path)
		by, err := a.session.pipelineIdentity(ctx)
		if err != nil {
			return place{}, err
		}
		if err := a.download(ctx, by, origin, at.key, path); err != nil {
			return place{}, fmt.Errorf("copy artifact %s to %s: %w", name, region, err)
		}
		if err := a.upload(ctx, by, region, at.key, path); err != nil {
			return place{}, fmt.Errorf("copy artifact %s to %s: %w", name, region, err)
		}
		places[region] = place{store: region, key: at.key}
		break
	}
	return places[region], nil
}

// bucketClient names buckets in the path, because localhost has no subdomains.
func bucketClient(by identity, region string) *s3.Client {
	return s3.NewFromConfig(by.in(region).config, func(o *s3.Options) { o.UsePathStyle = true })
}

// denied names who wanted what, which S3's own errors do not.
func denied(err error, by identity, verb, what string) error {
	if err == nil {
		return nil
	}
	var missing *types.NoSuchBucket
	if errors.As(err, &missing) {
		return fmt.Errorf("%s %s as %s: the bucket does not exist: %w", verb, what, by.arn, err)
	}
	return fmt.Errorf("%s %s as %s: %w", verb, what, by.arn, err)
}
