package stacks

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"

	parts "accountfleet/constructs"
)

// asset is a file that builds download and check.
type asset struct {
	path   string
	digest string // lower-case hex SHA-256 of the file
}

// readAsset digests a file that make toolbox builds.
func readAsset(path, what string) (asset, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return asset{}, fmt.Errorf("%s: no such file: the builds of the pipeline download the %s: run make toolbox", path, what)
	}
	if err != nil {
		return asset{}, fmt.Errorf("read the %s: %w", what, err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return asset{}, fmt.Errorf("read the %s: %w", what, err)
	}
	return asset{path: path, digest: hex.EncodeToString(hash.Sum(nil))}, nil
}

// download is an asset in a stack: how builds find it and what they may read.
type download struct {
	variables []parts.Variable
	object    string // ARN
}

// upload makes an asset part of a stack. Its variables are <name>_URI and <name>_SHA256.
func (a asset) upload(stack awscdk.Stack, id, name string) download {
	file := awss3assets.NewAsset(stack, jsii.String(id), &awss3assets.AssetProps{Path: jsii.String(a.path)})
	return download{
		variables: []parts.Variable{parts.Plain(name+"_URI", *file.S3ObjectUrl()), parts.Plain(name+"_SHA256", a.digest)},
		object:    parts.ObjectsARN(*file.S3BucketName(), *file.S3ObjectKey()),
	}
}
