package rehearsal

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// vault hands the credentials of a project's role to the processes of its build, as CodeBuild does: by a loopback address that the
// SDKs find in AWS_CONTAINER_CREDENTIALS_FULL_URI, and a token. So no credentials stand in an environment or a file.
type vault struct {
	server  *http.Server
	address string

	mu    sync.Mutex
	lends map[string]lend // by path
}

type lend struct {
	token    string
	provider aws.CredentialsProvider
}

// openVault starts the endpoint on a free loopback port.
func openVault(ctx context.Context) (*vault, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the credentials endpoint: %w", err)
	}
	v := &vault{address: "http://" + listener.Addr().String(), lends: map[string]lend{}}
	v.server = &http.Server{Handler: v, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = v.server.Serve(listener) }() // ends with close
	return v, nil
}

func (v *vault) close() error {
	if err := v.server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("close the credentials endpoint: %w", err)
	}
	return nil
}

// lend makes credentials available until done is called; the variables tell a process where.
func (v *vault) lend(provider aws.CredentialsProvider) (variables map[string]string, done func()) {
	path, token := "/"+rand.Text(), rand.Text()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lends[path] = lend{token: token, provider: provider}
	variables = map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": v.address + path,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN":  token,
		"AWS_EC2_METADATA_DISABLED":          "true",
	}
	return variables, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.lends, path)
	}
}

// ServeHTTP answers in the format of the container credentials provider.
func (v *vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	l, ok := v.lends[r.URL.Path]
	v.mu.Unlock()
	if !ok || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(l.token)) != 1 {
		http.Error(w, "no such credentials", http.StatusForbidden)
		return
	}
	c, err := l.provider.Retrieve(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{ // a reader that hung up needs no answer
		"AccessKeyId": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey, "Token": c.SessionToken,
		"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	})
}
